"""Writes an import folder for every encoding and column type, from lists of values per kind, and
prints what the independent reader finds in each.

usage: make_matrix.py FOLDER NOW
"""

import datetime as dt
import json
import os
import sys
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from text_encodings import ENCODINGS, put
from file_reader import read_file
from value_lists import (
    AMOUNTS,
    ARRIVALS,
    BILLING,
    BOOLEANS,
    CURRENCIES,
    DAY,
    DECIMALS,
    INTEGERS,
    LENGTHS,
    NOON,
    TEXTS,
    TIMES,
)
from value_rules import moment, moments, present

def users(column, values, **others):
    usual = {"user_id": None, "signup_time": NOON, "plan": "pro", "country": "DE"} | others
    return [usual | {"user_id": f"{column}-{at}", column: value} for at, value in enumerate(values)]


def bills(values, amount="amount"):
    usual = {"user_id": "u1", "event_type": "charge_succeeded", "currency": "USD"}
    usual |= {"event_time": NOON, amount: "5"}
    return [usual | {"event_id": f"b{at}"} | value for at, value in enumerate(values)]


def attributes(rows):
    usual = {"attribute_id": None, "user_id": "u1", "name": "country", "value": "DE"}
    return [usual | {"event_time": f"2024-02-{1 + at // 24:02}T{at % 24:02}:00Z"} | r for at, r in enumerate(rows)]


def events(columns):
    """An event for each value of each column; the other columns are empty there."""
    usual = {"user_id": "u1", "session_id": "s1", "event_type": "view", "event_time": NOON}
    usual |= {name: None for name in columns}
    values = [(name, value) for name, texts in columns.items() for value in texts]
    return [usual | {"event_id": f"e{at}", name: value} for at, (name, value) in enumerate(values)]


# By property of the table "declared": its type, as properties.csv says.
DECLARED = {"text": "text", "flag": "boolean", "number": "decimal"}
LONG = ["x" * 1024, "x" * 1025, "😀" * 1024]


def property_tables():
    declared = {"p_text": [*TEXTS, *LONG], "P_flag": [*BOOLEANS, *TEXTS], "p_number": [*DECIMALS, *AMOUNTS]}
    decimals = [*DECIMALS, "NA", "", "\\N", "NaT"]
    found = {"p_decimal": decimals, "P_boolean": [*BOOLEANS, "NA"], "p_Codes": ["1", "007"]}
    found |= {"p_mixed": ["true", "1", "NA"], "p_Größe": ["+1"], "p_empty": ["", "NA"], "p_ a": ["x"]}
    return {
        "declared properties": ("user_events", events(declared)),
        "found properties": ("user_events", events(found)),
    }


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
        "attributes": (
            "user_attributes",
            attributes(
                [{c: text} for c in ("value", "name", "attribute_id") for text in [*TEXTS, *LENGTHS]]
                + [{"event_time": text} for text in (NOON, "", "never", "2100-01-01T00:05:00.000001Z")]
            ),
        ),
        "cents": ("billing_events", bills([{"amount_cents": a} for a in AMOUNTS], "amount_cents")),
    }


def integer_tables():
    return {
        f"integers, {name}": ("users", users("signup_time", values))
        for name, values in INTEGERS.items()
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
        for column in ("value", "name", "attribute_id"):
            yield "user_attributes", column, make(precision, scale), fitting, {}
    doubles = [0.0, -0.0, 0.1, 29.33, 29.335, 1e-7, 1e9, 1e9 + 0.01, 1e300, -5.0, 1234567.89]
    doubles += [float("nan"), float("inf"), None, 0.1 + 0.2, 1e15, 299999.99]
    for column in ("amount", "amount_cents"):
        yield "billing_events", column, pa.float64(), doubles, {}
        yield "billing_events", column, pa.float32(), [29.5, None], {}
        yield "billing_events", column, pa.float16(), [29.5, None], {}
        yield "billing_events", column, pa.bool_(), [True, None], {}
        yield "billing_events", column, pa.null(), [None, None], {}
        yield "billing_events", column, pa.timestamp("us"), [1, None], {}
    for type_, values in property_columns():
        yield "user_events", "p_x", type_, values, {}
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


    yield from typed_values()


def typed_values():
    """Of an attribute's value, where more types say what is meant."""
    for type_, values in (
        (pa.bool_(), [True, False, None]),
        (pa.float64(), [0.1, -5.0, 1234567.89, float("nan"), None]),
        (pa.float32(), [29.5, None]),
        (pa.float16(), [29.5, None]),
        (pa.int64(), [0, -1, 2**63 - 1, None]),
        (pa.uint64(), [2**64 - 1]),
        (pa.date32(), [dt.date(2024, 2, 29), dt.date(1, 1, 1), None]),
        (pa.dictionary(pa.int32(), pa.string()), ["red", " blue ", "NULL", None]),
        (pa.null(), [None]),
        (pa.timestamp("us"), [1]),
        (pa.timestamp("us", "UTC"), [1]),
        (pa.time64("us"), [1]),
        (pa.binary(), [b"red"]),
        (pa.list_(pa.string()), [["red"]]),
        (pa.struct([("a", pa.string())]), [{"a": "red"}]),
    ):
        yield "user_attributes", "value", type_, values, {}


def property_columns():
    yield pa.bool_(), [True, False, None]
    yield pa.null(), [None, None]
    yield pa.date32(), [dt.date(2024, 2, 29), dt.date(1, 1, 1), None]
    for type_ in INTEGER_TYPES:
        bits = type_.bit_width - (0 if pa.types.is_unsigned_integer(type_) else 1)
        yield type_, [0, 1, None, 2**bits - 1, *([] if "u" in str(type_) else [-1, -(2**bits)])]
    doubles = [0.0, -0.0, 0.1, 1e-6, -1.5e-5, 1e-7, 0.1 + 0.2, 1e12, 9.3e12, 1e300, 1234567.89, None]
    yield pa.float64(), [*doubles, float("nan"), float("inf")]
    yield pa.float32(), [0.5, 0.1, 1e-5, 16777216.0, None, float("nan")]
    for precision, scale in ((9, 2), (18, 6), (38, 9), (38, 0)):
        texts = ["0", "1", "-1", "0.01", "0.000001", "0.0000001", "9223372036854", "9223372036855"]
        fitting = [v for v in map(Decimal, texts) if fits(v, precision, scale)]
        yield pa.decimal128(precision, scale), [None, *fitting]
    yield pa.decimal256(50, 2), [Decimal("1.50")]
    for type_ in (pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        yield type_, ["true", "1", "NA", "NULL", None]
    yield pa.timestamp("us"), [1]
    yield pa.binary(), [b"x"]
    yield pa.list_(pa.string()), [["x"]]
    yield pa.struct([("a", pa.string())]), [{"a": "x"}]
    yield pa.time64("us"), [1]


def fits(value, precision, scale):
    digits = value.as_tuple()
    return -digits.exponent <= scale and len(digits.digits) + digits.exponent <= precision - scale


def write_typed(table, columns, type_, values, options, path):
    names = (columns,) if isinstance(columns, str) else columns
    typed = [{name: value for name in names} for value in values]
    usual = users("user_id", [f"u{at}" for at in range(len(values))]) if table == "users" else []
    if table == "user_events":
        usual = events({name: values for name in names})
    amount = "amount_cents" if "amount_cents" in names else "amount"
    if table == "user_attributes":
        rows = attributes(typed)
    else:
        rows = [u | v for u, v in zip(usual, typed)] if usual else bills(typed, amount)
    arrays = {
        name: pa.array([row[name] for row in rows], type_ if name in names else pa.string())
        for name in rows[0]
    }
    pq.write_table(pa.table(arrays), path, **options)


# What is printed


def main(folder, now):
    found = {}

    def add(name, table, encoding, write, declared=None):
        directory = f"{folder}/{len(found)}"
        os.mkdir(directory)
        path = f"{directory}/{table}.{encoding}"
        write(path)
        if table != "users":
            put(f"{directory}/users.csv", b"user_id,signup_time,plan\n")
        if declared:
            lines = [f'{table},"p_{name}",{type_}' for name, type_ in declared.items()]
            put(f"{directory}/properties.csv", "\n".join(["table,column,type", *lines]).encode())
        found[name] = {"folder": directory, "table": table, **read_file(path, table, now, declared)}

    for encoding, write in ENCODINGS.items():
        tables = text_tables() | (integer_tables() if encoding in INTEGERS_IN else {})
        tables |= property_tables()
        for name, (table, rows) in tables.items():
            ending = encoding.split(".", 1)[1]
            declared = DECLARED if name == "declared properties" else None
            add(f"{name}; {encoding}", table, ending, lambda path: write(rows, path), declared)
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
