"""Writes an import folder for every encoding and column type, from lists of values per kind, and
prints what the independent reader finds in each.

usage: make_matrix.py FOLDER NOW
"""

import datetime as dt
import gzip
import json
import os
import sys
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from file_reader import read_file
from value_rules import TABLES, moment, moments, present

DAY = "2024-02-29"
NOON = "2024-02-29T12:00:00Z"
BLANK = ["", " ", "\t", "\u00a0", "\u3000", "\ufeff"]
WORDS = ["NULL", "null", "\\N", "NaN", "nan", "None", "<NA>", "N/A", "n/a", "#N/A", "NA", "NaT"]
NAMES = ["none", "Null", "NONE", "na", "N.A.", "-", "0", "true", "1e3", "00012", "nil"]
TEXTS = [
    *BLANK,
    *WORDS,
    *(f" {word} " for word in ("NULL", "NaT", "\\N")),
    *NAMES,
    None,
    " pro",
    "pro ",
    "\tpro\u2003",
    "Pro",
    "a b",
    "a,b;c|d",
    'say "hi"',
    "'quoted'",
    '"',
    "--help",
    "__proto__",
    "=1+1",
    "naïve",
    "nai\u0308ve",
    "日本語",
    "👩‍👩",
    "😀",
    "x" * 128,
    "x" * 129,
    "😀" * 128,
    "😀" * 129,
    "é" * 128,
    "a\u00a0b",
    "a\u2003b",
    "a\tb",
    "a\nb",
    "a\u2028b",
    "a\u200bb",
    "a\u0085b",
    "a\x00b",
    "a\x07b",
    "a\u00adb",
    "a\ue000b",
    "a\ufeffb",
    "a\x7fb",
    "c:\\new\\table",
    "#comment",
    "sep=;",
    "{}",
    "[1]",
    "\u0000",
]
CLOCKS = ["00:00", "00:00:00", "23:59:59", "24:00", "24:00:00", "12:60", "12:00:60", "23:59:60"]
CLOCKS += ["1:00", "12", "1200", "12:00:0", "25:00:00", "12:00:00.", "12:00:00,5", "12:00:00 PM"]
FRACTIONS = [".1", ".12", ".123", ".1234", ".123456", ".1234560", ".1234561", ".1234567"]
FRACTIONS += [".9999991", ".000000001", ".0000000", ".000000000000000000001", ".999999999", ".5 "]
ZONES = ["Z", "z", " Z", " UTC", "UTC", " utc", " GMT", " CET", " EST", "+00", "+00:00", "-00:00"]
ZONES += ["+0000", "-0800", " -0800", "+05:30", "+0530", "+05", "+14:00", "-14:00", "+14:01"]
ZONES += ["-14:01", "+15:00", "+24:00", "+99:99", "+05:60", "-05:75", "+1", "+1:00", "+1400"]
ZONES += ["+14", "-14", "+13:59", "+13:60", "  Z", "+05:30:00", " +05 ", "Europe/Berlin", "[UTC]"]
DAYS = ["2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29", "2024-04-31", "2024-13-01"]
DAYS += ["2024-00-10", "2024-01-00", "2024-1-2", "1/2/2024", "01.02.2024", "20240131", "2024-W05-1"]
DAYS += ["0000-01-01", "0001-01-01", "0001-01-01T00:00:00+00:01", "9999-12-31", "10000-01-01"]
DAYS += ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.9999991Z", "+2024-01-01"]
DAYS += ["9999-12-31T23:59:59-00:01", "1969-12-31T23:59:59.9999999Z", "1970-01-01", "-2024-01-01"]
DAYS += ["0001-01-01T00:00:00-14:00", "1883-11-18", "infinity", "-infinity", "epoch", "now", "today"]
DAYS += ["2024-01-31 ", " 2024-01-31", "\u00a02024-01-31T00:00Z\u3000", "2024-01-31t12:00:00z"]
DAYS += ["2024-01-31  12:00", "2024-01-31T12:00:00ZZ", "２０２４-01-31", "2024-01-31\n12:00", "31"]
DAYS += ["2024-01-31T24:00:00.000000Z", "2024-01-31T12:00:00.00000aZ", "2024-01-31 12:00:60.000000"]
DAYS += ["Wed, 31 Jan 2024 12:00:00 GMT", "Jan 31 2024", "2024-01-31T12:00:00.123456Z "]
TIMES = [
    *BLANK[:4],
    *WORDS,
    *NAMES[:4],
    None,
    *DAYS,
    *(f"{DAY}T{clock}Z" for clock in CLOCKS),
    *(f"{DAY} {clock}" for clock in CLOCKS),
    *(f"{DAY}T12:34:56{fraction}Z" for fraction in FRACTIONS),
    *(f"1960-01-01 12:34:56{fraction}+05:30" for fraction in FRACTIONS),
    *(f"{DAY}T12:34:56{zone}" for zone in ZONES),
    *(f"{DAY} 12:34:56.789{zone}" for zone in ZONES),
    *(f"{DAY}{zone}" for zone in ZONES[:4]),
    "1706745600",
    "1706745600.5",
]
SECONDS = [315532799, 315532800, 4102444799, 4102444800, 1706745600, 0, -1, 20240131, 10**30]
INTEGERS = {
    "seconds": [str(v) for v in SECONDS] + ["", " 1706745600 ", "NULL", "NaT"],
    "millis": ["1706745600000", "1706745600001", "315532800000", "4102444799999", "5", "-7", "NA"],
    "micros": ["1706745600000001", "4102444799999999", "4102444800000000", None],
    "nanos": ["1706745600000000001", "1706745600000001000", "315532800000000000"],
    "two units": ["1706745600", "1706745600000"],
    "none of them": ["20240131", "202401311200", "1"],
    "with a text": ["1706745600", DAY],
    "with a decimal": ["1706745600", "1706745600.0"],
    "with an exponent": ["1.7067456e9"],
}
AMOUNTS = [
    *BLANK[:3],
    *WORDS,
    None,
    *"0 00 -0 +0 5 +5 -5 .5 5. . - + 5.0 5.00 5.000 29.33 29.330 29.331 29.3300001 0.01 0.001".split(),
    *"-29.33 -0.00 -0.001 +.01 1e3 1E3 1,000 1,000.00 1.000,00 1_000 0x10 1/2 $5 5€ 5USD ٣ ½".split(),
    *"999999999.99 1000000000 1000000000.00 1000000000.01 -1000000000 99999999999 100000000000".split(),
    *"100000000001 99999999999999999999 0000000000000000000000029.33 inf Infinity -inf".split(),
    "29.33" + "0" * 60,
    "29.33" + "0" * 60 + "1",
    "0" * 60 + "29.33",
    "9" * 300,
    " 29.33 ",
    "\u00a029.33",
    "29 .33",
    "- 5",
    "--5",
    "5-",
    "(5.00)",
]
CURRENCIES = ["USD", "usd", " Usd ", "EUR", "JPY", "KWD", "XYZ", "US", "$", "NA", "", None, "NULL"]
CURRENCIES += ["nan", "ＵＳＤ", "USDT", "u s d", "none", "N/A", "NaT", "Null"]
BILLING = sorted(["charge_succeeded", "charge_failed", "refund", "dispute"])
BILLING += ["subscription_started", "subscription_cancelled", "Refund", " refund ", "payment", ""]
BILLING += [None, "NULL", "NA"]
# Minutes after the event at which it arrived.
ARRIVALS = ["11:54:59.999999", "11:55:00", "11:55", "12:00:00", "12:05", "11:54:59.9999999"]


def users(column, values, **others):
    usual = {"user_id": None, "signup_time": NOON, "plan": "pro", "country": "DE"} | others
    return [usual | {"user_id": f"{column}-{at}", column: value} for at, value in enumerate(values)]


def bills(values, amount="amount"):
    usual = {"user_id": "u1", "event_type": "charge_succeeded", "currency": "USD"}
    usual |= {"event_time": NOON, amount: "5"}
    return [usual | {"event_id": f"b{at}"} | value for at, value in enumerate(values)]


def text_tables():
    """By name: a table and its rows, which every encoding of texts writes."""
    sign = [{"amount": value, "event_type": kind} for value in ("-5", "-0.001", "") for kind in BILLING]
    money = [{"currency": c, "amount": a} for c in CURRENCIES for a in ("5", "1.5", "1.234", "1.2345")]
    arrivals = [f"{DAY}T{clock}Z" for clock in ARRIVALS] + ["2100-01-01T00:05:00Z", "", None, "NaT"]
    future = ["2100-01-01T00:04:59Z", "2100-01-01T00:05:00Z", "2100-01-01T00:05:00.0000001Z"]
    columns = {"plan": TEXTS, "country": TEXTS, "user_id": TEXTS, "signup_time": [*TIMES, *future]}
    amounts = [{"amount": amount} for amount in AMOUNTS] + sign + money
    return {
        "users": ("users", [row for c, values in columns.items() for row in users(c, values)]),
        "arrivals": ("users", users("ingested_at", arrivals)),
        "money": ("billing_events", bills(amounts + [{"event_type": kind} for kind in BILLING])),
        "cents": ("billing_events", bills([{"amount_cents": a} for a in AMOUNTS], "amount_cents")),
    }


def integer_tables():
    return {
        f"integers, {name}": ("users", users("signup_time", values))
        for name, values in INTEGERS.items()
    }


# Encodings of texts: each takes rows and writes a file.


def csv(delimiter=",", end="\n", quote=False, encoding="utf-8", before="", pad="", last=True):
    def field(text):
        text = "" if text is None else f"{pad}{text}"
        if quote or any(c in text for c in f'{delimiter}"\r\n'):
            return '"' + text.replace('"', '""') + '"'
        return text

    def write(rows, path):
        lines = [list(rows[0]), *(row.values() for row in rows)]
        text = end.join(delimiter.join(map(field, line)) for line in lines) + (end if last else "")
        put(path, (before + text).encode(encoding))

    return write


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


def packed(write, pack):
    def write_packed(rows, path):
        write(rows, path)
        put(path, pack(open(path, "rb").read()))

    return write_packed


def zstd(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def json_lines(rows, path):
    put(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def json_array(rows, path):
    put(path, json.dumps([{k: v for k, v in row.items() if v is not None} for row in rows]).encode())


def parquet(type_, **options):
    def write(rows, path):
        table = pa.table({name: pa.array([r[name] for r in rows], pa.string()) for name in rows[0]})
        table = pa.table({name: table[name].cast(pa.string()).cast(type_) for name in rows[0]})
        pq.write_table(table, path, **options)

    return write


def dictionary(rows, path):
    table = pa.table({name: pa.array([r[name] for r in rows], pa.string()) for name in rows[0]})
    pq.write_table(pa.table({c: table[c].dictionary_encode() for c in table.column_names}), path)


ENCODINGS = {
    "comma.csv": csv(),
    "semicolon.csv": csv(";", "\r\n", before="\ufeff"),
    "tab.tsv": csv("\t", quote=True),
    "bar.txt": csv("|", last=False),
    "sep.csv": csv(";", "\r\n", before="sep=;\r\n"),
    "return.csv": csv(end="\r", quote=True),
    "windows text mode.csv": csv(end="\r\r\n"),
    "blank after comma.csv": csv(pad=" "),
    "utf-16.csv": csv("\t", "\r\n", encoding="utf-16-le", before="\ufeff"),
    "utf-16be.csv": csv(encoding="utf-16-be", before="\ufeff"),
    "gzip.csv.gz": packed(csv(), gzip.compress),
    "zstd.csv.zst": packed(csv(quote=True), zstd),
    "lines.jsonl": json_lines,
    "array.json.gz": packed(json_array, gzip.compress),
    "text.parquet": parquet(pa.string()),
    "large text.parquet": parquet(pa.large_string(), compression="zstd", data_page_version="2.0"),
    "dictionary.parquet": dictionary,
}

INTEGERS_IN = ("comma.csv", "utf-16.csv", "lines.jsonl", "text.parquet")


# Typed columns of Parquet.

INTEGER_TYPES = [pa.int8(), pa.int16(), pa.int32(), pa.int64()]
INTEGER_TYPES += [pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]


def typed_columns():
    """By name: a table, a column of it, its type, its values, and how the file is written."""
    utc, berlin = "UTC", "Europe/Berlin"
    for unit, per_second in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        seconds = [1706745600, -1, 0, None, *([] if unit == "ns" else [-62135596800, 253402300799])]
        values = [None if v is None else v * per_second for v in seconds]
        values += {"s": [], "ms": [1, -1], "us": [1, -1, -62135596800000001, 253402300800000000]}.get(
            unit, [1, -1, 400, 999, 1000, 1001, -999, -1001, 1706745600000000001, 2**63 - 2, -(2**63) + 2]
        )
        for zone in (None, utc, berlin):
            yield "users", ("signup_time", "ingested_at"), pa.timestamp(unit, zone), values, {}
    int96 = {"use_deprecated_int96_timestamps": True}
    for zone in (None, utc):
        nanos = [1706745600000000000, 1706745600000000400, -1, -1000, 0, None, 999]
        yield "users", "signup_time", pa.timestamp("ns", zone), nanos, int96
    days = [dt.date(2024, 2, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31), None]
    yield "users", "signup_time", pa.date32(), days, {}
    yield "users", "signup_time", pa.date64(), days, {}
    for type_ in INTEGER_TYPES:
        bits = type_.bit_width - (0 if pa.types.is_unsigned_integer(type_) else 1)
        edges = [0, 1, 2**bits - 1, None] + ([-1, -(2**bits)] if "u" not in str(type_) else [])
        yield "users", ("user_id", "plan", "country"), type_, edges, {}
        yield "billing_events", "amount", type_, edges, {}
        yield "billing_events", "amount_cents", type_, edges, {}
        yield "users", "signup_time", type_, edges, {}
    for value in (1706745600, 1706745600001, 1706745600000001, 1706745600000000001):
        yield "users", ("signup_time", "ingested_at"), pa.uint64(), [value, None, 5], {}
        yield "users", "signup_time", pa.decimal128(38, 0), [Decimal(value), None], {}
    yield "users", "signup_time", pa.int64(), [1706745600, 1706745600001], {}
    yield "users", "signup_time", pa.int64(), [None, None], {}
    yield "users", "signup_time", pa.decimal128(20, 3), [Decimal("1706745600.000")], {}
    for precision, scale in ((9, 2), (18, 2), (38, 9), (38, 0), (38, 38), (50, 2), (76, 20)):
        make = pa.decimal128 if precision <= 38 else pa.decimal256
        texts = ["0", "1", "-1", "0.01", "0.10", "29.33", "0.001", "1000000000", "1000000000.01"]
        texts += ["1234567.89", "0.1000000000000000001", "12345678901234567890123456789012345678"]
        fitting = [None, *(v for v in map(Decimal, texts) if fits(v, precision, scale))]
        for table, column in (
            ("billing_events", "amount"),
            ("billing_events", "amount_cents"),
            ("users", ("user_id", "plan")),
        ):
            yield table, column, make(precision, scale), fitting, {}
    doubles = [0.0, -0.0, 0.1, 29.33, 29.335, 1e-7, 1e9, 1e9 + 0.01, 1e300, -5.0, 1234567.89]
    doubles += [float("nan"), float("inf"), None, 0.1 + 0.2, 1e15, 299999.99]
    for column in ("amount", "amount_cents"):
        yield "billing_events", column, pa.float64(), doubles, {}
        yield "billing_events", column, pa.float32(), [29.5, None], {}
        yield "billing_events", column, pa.float16(), [29.5, None], {}
        yield "billing_events", column, pa.bool_(), [True, None], {}
        yield "billing_events", column, pa.null(), [None, None], {}
        yield "billing_events", column, pa.timestamp("us"), [1, None], {}
    for column, values in (("user_id", [1.0]), ("plan", [1.5]), ("signup_time", [1.7e9])):
        yield "users", column, pa.float64(), values, {}
    for column in ("user_id", "plan", "country", "signup_time", "ingested_at"):
        for type_, value in (
            (pa.bool_(), True),
            (pa.binary(), b"u1"),
            (pa.binary(4), b"u123"),
            (pa.float32(), 1.0),
            (pa.list_(pa.string()), ["u1"]),
            (pa.struct([("a", pa.string())]), {"a": "u1"}),
            (pa.time64("us"), 1),
            (pa.null(), None),
        ):
            yield "users", column, type_, [value], {}
    for column in ("user_id", "plan", "country"):
        yield "users", column, pa.timestamp("us"), [1], {}
        yield "users", column, pa.date32(), days[:1], {}
    for column in ("event_type", "currency"):
        for type_, value in ((pa.int64(), 1), (pa.decimal128(5, 0), Decimal(1)), (pa.null(), None)):
            yield "billing_events", column, type_, [value], {}


def fits(value, precision, scale):
    digits = value.as_tuple()
    return -digits.exponent <= scale and len(digits.digits) + digits.exponent <= precision - scale


def write_typed(table, columns, type_, values, options, path):
    names = (columns,) if isinstance(columns, str) else columns
    typed = [{name: value for name in names} for value in values]
    usual = users("user_id", [f"u{at}" for at in range(len(values))]) if table == "users" else []
    amount = "amount_cents" if "amount_cents" in names else "amount"
    rows = [u | v for u, v in zip(usual, typed)] if usual else bills(typed, amount)
    arrays = {
        name: pa.array([row[name] for row in rows], type_ if name in names else pa.string())
        for name in rows[0]
    }
    pq.write_table(pa.table(arrays), path, **options)


# What is printed


def main(folder, now):
    found = {}

    def add(name, table, encoding, write):
        directory = f"{folder}/{len(found)}"
        os.mkdir(directory)
        path = f"{directory}/{table}.{encoding}"
        write(path)
        if table != "users":
            put(f"{directory}/users.csv", b"user_id,signup_time,plan\n")
        found[name] = {"folder": directory, "table": table, **read_file(path, table, now)}

    for encoding, write in ENCODINGS.items():
        tables = text_tables() | (integer_tables() if encoding in INTEGERS_IN else {})
        for name, (table, rows) in tables.items():
            ending = encoding.split(".", 1)[1]
            add(f"{name}; {encoding}", table, ending, lambda path: write(rows, path))
    for table, columns, type_, values, options in typed_columns():
        name = f"{columns} as {type_}; {values[:2]}{' int96' if options else ''}; {len(found)}"
        put_file = lambda path: write_typed(table, columns, type_, values, options, path)
        add(name, table, "parquet", put_file)
    print(json.dumps({"files": found, "spines": spines(folder), "moments": moments_asked()}))


def spines(folder):
    found = {}
    lists = {"texts": TIMES, **INTEGERS}
    for encoding in ("comma.csv", "semicolon.csv", "tab.tsv", "bar.txt", "sep.csv", "return.csv"):
        for name, values in lists.items():
            path = f"{folder}/spine-{len(found)}.csv"
            rows = [{"user_id": f"u{at}", "time": value} for at, value in enumerate(values)]
            ENCODINGS[encoding](rows, path)
            times = moments([present(value, "time") for value in values])
            found[f"{name}; {encoding}"] = {"file": path, "times": [text_of(v) for v in times]}
    return found


def moments_asked():
    """By text: what a command or the API takes it for. An integer alone has no unit."""
    texts = [*TIMES, *(value for values in INTEGERS.values() for value in values)]
    present_texts = {text: present(text, "time") for text in texts if text is not None}
    return {t: None if p is None else text_of(moment(p)) for t, p in present_texts.items()}


def text_of(value):
    return None if value is None else str(value)


main(sys.argv[1], int(sys.argv[2]))
