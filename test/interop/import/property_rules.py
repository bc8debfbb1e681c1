"""What docs/OPERATIONS.md says of the properties of events: which columns they are, their types, and
what is stored of a value."""

import json
import re
import struct
import unicodedata
from decimal import Decimal

import pyarrow as pa

from value_rules import NULL_WORDS, NULL_WORDS_OF_NUMBERS, trim

TABLES_WITH_PROPERTIES = {"user_events", "billing_events"}
TEXT_MAX = 1024
NAME_MAX = 64
BOOLEANS = {"true": True, "false": False}
PLAIN = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"}


class NotNamed(Exception):
    """A name of a property that is none, or stands twice."""


def prints(text, most):
    return 1 <= len(text) <= most and all(
        c == " " or unicodedata.category(c) not in UNPRINTABLE for c in text
    )


def places_of(table, names, taken):
    """By property: the place of its column."""
    places = {}
    if table not in TABLES_WITH_PROPERTIES:
        return places
    for place, name in enumerate(names):
        if place in taken or not name.lower().startswith("p_"):
            continue
        after = trim(name[2:])
        if not prints(after, NAME_MAX) or after.lower() in map(str.lower, places):
            raise NotNamed
        places[after] = place
    return places


def there(text, words):
    trimmed = trim(text)
    return None if trimmed is None or trimmed in words else trimmed


def type_of(texts, typed=None):
    """Of a column by its values, None where it has none; `typed` is what its file says of all of them."""
    values = [v for v in (there(text, NULL_WORDS_OF_NUMBERS) for text in texts) if v is not None]
    if not values:
        return None
    if typed:
        return typed
    if all(value.lower() in BOOLEANS for value in values):
        return "boolean"
    plain = all(PLAIN.fullmatch(value) and millionths(value) is not None for value in values)
    return "decimal" if plain else "text"


def millionths(text):
    """None for what is no number, has more than six places, or does not fit 64 bits."""
    if not NUMBER.fullmatch(text):
        return None
    value = Decimal(text).scaleb(6)
    return int(value) if value == int(value) and -(2**63) <= value < 2**63 else None


def stored(text, kind):
    """(JSON, fits): JSON is None where there is no value."""
    value = there(text, NULL_WORDS if kind == "text" else NULL_WORDS_OF_NUMBERS)
    if value is None:
        return None, True
    if kind == "text":
        return json.dumps(value, ensure_ascii=False), prints(value, TEXT_MAX)
    if kind == "boolean":
        return value.lower(), value.lower() in BOOLEANS
    found = millionths(value)
    return str(found), found is not None


def rows_of(columns, types):
    """Of each row its properties as one text or None, and whether all fit. `columns` has texts by name."""
    named = sorted((name for name in columns if types.get(name)), key=lambda name: name.encode())
    rows = []
    for texts in zip(*(columns[name] for name in named)):
        values = [(name, *stored(text, types[name])) for name, text in zip(named, texts)]
        members = [f"{json.dumps(name, ensure_ascii=False)}:{v}" for name, v, _ in values if v is not None]
        rows.append(("{" + ",".join(members) + "}" if members else None, all(fits for *_, fits in values)))
    return rows


# Typed columns of Parquet.


def texts_of_array(array):
    """(texts, the type that all of them have); None for a column that can't be a property."""
    kind = array.type
    if pa.types.is_null(kind):
        return array.to_pylist(), None
    if pa.types.is_boolean(kind):
        return [None if v is None else str(v) for v in array.to_pylist()], "boolean"
    if pa.types.is_integer(kind):
        return [None if v is None else str(v) for v in array.to_pylist()], "decimal"
    if pa.types.is_decimal128(kind):
        return [None if v is None else f"{v:f}" for v in array.to_pylist()], "decimal"
    if pa.types.is_float64(kind):
        return [text_of_float(v, repr) for v in array.to_pylist()], "decimal"
    if pa.types.is_float32(kind):
        return [text_of_float(v, shortest) for v in array.to_pylist()], "decimal"
    if pa.types.is_date(kind):
        return [None if v is None else v.isoformat() for v in array.to_pylist()], "text"
    return None


def text_of_float(value, write):
    if value is None or value != value:
        return None
    return "inf" if abs(value) == float("inf") else f"{Decimal(write(value)):f}"


def shortest(value):
    """The shortest text of a number of 32 bits."""
    bits = struct.pack("f", value)
    texts = (f"{value:.{digits}g}" for digits in range(1, 10))
    return next(text for text in texts if struct.pack("f", float(text)) == bits)
