"""Writes parquet/ as COPY INTO <location> does: upper-case names, NUMBER as DECIMAL, snappy.

Python with pyarrow: python write_parquet.py
"""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent / "parquet"
NUMBER = pa.decimal128(38, 0)
MONEY = pa.decimal128(12, 2)
TIMESTAMP_NTZ = pa.timestamp("us")
# What connectors and Iceberg tables write for TIMESTAMP_TZ and TIMESTAMP_LTZ.
TIMESTAMP_UTC = pa.timestamp("us", tz="UTC")


def write(path, columns, rows):
    """Each column is a name and a type; each row a tuple of Python values, times as ISO text."""

    def value(field, cell):
        if cell is None:
            return None
        if pa.types.is_decimal(field.type):
            return Decimal(cell)
        return datetime.fromisoformat(cell) if pa.types.is_timestamp(field.type) else cell

    schema = pa.schema(columns)
    arrays = [
        pa.array([value(field, row[i]) for row in rows], field.type)
        for i, field in enumerate(schema)
    ]
    file = HERE / path
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays, schema=schema), file, compression="snappy")


TEXT = pa.string()
EVENTS = [
    ("EVENT_ID", NUMBER),
    ("USER_ID", NUMBER),
    ("SESSION_ID", NUMBER),
    ("EVENT_TYPE", TEXT),
    ("EVENT_TIME", TIMESTAMP_NTZ),
    ("DEVICE", TEXT),
]

write(
    "users/data_0_0_0.snappy.parquet",
    [("USER_ID", NUMBER), ("SIGNUP_TIME", TIMESTAMP_NTZ), ("PLAN", TEXT), ("COUNTRY", TEXT)],
    [
        (1001, "2025-01-05 09:30:00", "pro & team", "DE"),
        (1002, "2025-01-07 18:02:11", "free", "US"),
        (1003, "2025-01-20 00:00:00", "free", None),
        (9007199254740993, "2025-02-03 07:45:59.500", "free, yearly", "NA"),
    ],
)
write(
    "plan_changes/data_0_0_0.snappy.parquet",
    [("CHANGE_ID", NUMBER), ("USER_ID", NUMBER), ("PLAN", TEXT), ("EVENT_TIME", TIMESTAMP_NTZ)],
    [(1, 1002, "pro & team", "2025-02-01 08:00:00.123456")],
)
write(
    "user_events/data_0_0_0.snappy.parquet",
    EVENTS,
    [
        (501, 1001, 71, "login", "2025-01-05 09:30:05", "web"),
        (502, 1001, 71, "report_viewed", "2025-01-05 09:41:00.250", "web"),
        (503, 1002, 72, "login", "2025-01-07 18:02:11", "ios"),
        (504, 1002, 73, "login", "2025-02-01 07:59:59.999999", "ios"),
    ],
)
write(
    "user_events/data_0_1_0.snappy.parquet",
    EVENTS,
    [
        (505, 9007199254740993, 74, "login", "2025-02-03 07:46:00", "android"),
        (506, 9007199254740993, 74, "report_viewed", "2025-02-03 08:00:00", "android"),
        (507, 1003, 75, "login", "2025-03-30 01:30:00", "web"),
        (508, 1003, 75, "report_viewed", "2025-03-30 03:30:00", None),
    ],
)
write(
    "billing_events/data_0_0_0.snappy.parquet",
    [
        ("EVENT_ID", NUMBER),
        ("USER_ID", NUMBER),
        ("EVENT_TYPE", TEXT),
        ("AMOUNT", MONEY),
        ("CURRENCY", TEXT),
        ("EVENT_TIME", TIMESTAMP_UTC),
    ],
    [
        (9001, 1001, "charge_succeeded", "29.00", "USD", "2025-01-05 09:31:00+00:00"),
        (9002, 1002, "charge_failed", "29.00", "USD", "2025-02-01 00:00:05-08:00"),
        (9003, 1002, "charge_succeeded", "29.00", "USD", "2025-02-02 00:00:05-08:00"),
        (9004, 1001, "refund", "14.50", "USD", "2025-02-05 12:00:00+00:00"),
        (9005, 1001, "subscription_cancelled", None, None, "2025-02-05 12:00:01.000001+00:00"),
    ],
)
