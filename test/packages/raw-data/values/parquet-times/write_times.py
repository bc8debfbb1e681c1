"""Writes the Parquet files beside it: the same moments as Spark and pandas store them.

    pip install pyarrow==26.0.1 && python write_times.py

Each is a users file: signup_time as the file's name says, and as plan what was meant, in nanoseconds.
"""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path(__file__).parent
SECOND = 1_000_000_000
FEB = 1_706_745_600 * SECOND  # 2024-02-01T00:00:00Z

MOMENTS = [
    FEB, FEB + 1, FEB + 400, FEB + 999, FEB + 1_000, FEB + 1_001, FEB - 1, FEB - 999, FEB - 1_000,
    0, 1, -1, -999, -1_000, -1_001, None, -SECOND, -86_400 * SECOND - 1,
    86_400 * SECOND - 1, 4_102_444_800 * SECOND, -6_000_000_000 * SECOND - 7, FEB,
]  # fmt: skip
VALUES = MOMENTS * 3


def write(name, unit_type, values=VALUES, **options):
    times = pa.array(values, pa.int64()).cast(unit_type)
    plans = pa.array(["missing" if value is None else str(value) for value in VALUES])
    ids = pa.array([f"u{number:03}" for number in range(len(values))])
    nested = pa.array([{"signup_time": value} for value in values], pa.struct([("signup_time", unit_type)]))
    # A struct first, with a field of the same name: the places in the schema are not those of columns.
    table = pa.table({"more": nested, "user_id": ids, "signup_time": times, "plan": plans})
    pq.write_table(table, FOLDER / f"{name}.parquet", row_group_size=20, **options)


write("naive", pa.timestamp("ns"))
write("utc", pa.timestamp("ns", "UTC"))
write("berlin", pa.timestamp("ns", "Europe/Berlin"), compression="zstd", data_page_version="2.0")
write("int96", pa.timestamp("ns"), use_deprecated_int96_timestamps=True)
write("int96-plain", pa.timestamp("ns"), use_deprecated_int96_timestamps=True,
      use_dictionary=False, compression="gzip")  # fmt: skip
write("micros", pa.timestamp("us", "UTC"),
      [None if value is None else -(-value // 1000) for value in VALUES])  # fmt: skip
