"""Reads a file of a table as docs/OPERATIONS.md says, without DuckDB: CSV by hand, JSON by the
standard library, Parquet by pyarrow. `read_file` answers what each row becomes, or why the file is
refused, in one word."""

import json
import re
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

from property_rules import NotNamed, places_of, rows_of, texts_of_array, type_of
from value_rules import (
    OPTIONAL,
    TABLES,
    judge,
    moment_of_integer,
    moments,
    present,
    rounded_up,
    trim,
    unit_of,
    within_years,
)


class Refused(Exception):
    """Of a file; its text is the word that names why."""


def read_file(path, table, now, declared=None):
    """{"refused": word} or {"rows": […]}, a row each as `judge` has it.

    `declared` has the types of properties, by their names, that their values don't decide.
    """
    try:
        return {"rows": judged(table, *columns_of(path, table), now, declared or {})}
    except Refused as refused:
        return {"refused": str(refused)}


def judged(table, columns, names, count, found, now, declared):
    if count == 0:
        return []
    types = {name: declared.get(name) or type_of(*values) for name, values in found.items()}
    properties = rows_of({name: texts for name, (texts, _) in found.items()}, types)
    rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
    in_units, arrival = "amount" in names, "ingested_at" in names
    properties = properties or [(None, True)] * count
    return [judge(table, row, p, in_units, arrival, now) for row, p in zip(rows, properties)]


def columns_of(path, table):
    start = open(path, "rb").read(4)
    if start == b"PAR1":
        return columns_of_parquet(path, table)
    data = unpacked(path, start)
    if "json" in path.rsplit("/", 1)[-1]:
        return columns_of_texts(table, *records_of_json(data))
    return columns_of_texts(table, *records_of_csv(data, table))


def unpacked(path, start):
    data = open(path, "rb").read()
    try:
        return unpacked_data(data, start)
    except (OSError, EOFError, zlib.error):
        raise Refused("packed") from None


def unpacked_data(data, start):
    if start[:2] == b"\x1f\x8b":
        return gunzipped(data)
    if start == b"\x28\xb5\x2f\xfd":
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            return stream.read()
    return data


def gunzipped(data):
    """All members; what follows the last one is refused, zeros too, which gzip would pass over."""
    out = b""
    while data:
        member = zlib.decompressobj(31)
        out += member.decompress(data) + member.flush()
        if not member.eof:
            raise EOFError
        data = member.unused_data
    return out


def decoded(data):
    if 0 in data[:2]:
        raise Refused("encoding")
    encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(data[:2], "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise Refused("encoding") from None
    return text.removeprefix("\ufeff")


# Columns


def chosen(table, names):
    """The place of each column of the table that the file has, and those of properties. Case does not
    matter, the exact name wins."""
    wanted = [*TABLES[table], *(["amount"] if table == "billing_events" else []), "ingested_at"]
    places = {}
    for name in wanted:
        exact = [place for place, found in enumerate(names) if found == name]
        found = exact or [place for place, other in enumerate(names) if other.lower() == name]
        if len(found) > 1:
            raise Refused("twice")
        if found:
            places[name] = found[0]
    squash = lambda name: re.sub("[^a-z0-9]", "", name.lower())
    absent = {squash(name) for name in wanted if name not in places}
    try:
        properties = places_of(table, names, set(places.values()))
    except NotNamed:
        raise Refused("property") from None
    known = {*places.values(), *properties.values()}
    if any(squash(name) in absent for at, name in enumerate(names) if at not in known):
        raise Refused("nearly")
    if "amount" in places and "amount_cents" in places:
        raise Refused("both")
    if is_incomplete(table, places):
        raise Refused("missing")
    return places, properties


def is_incomplete(table, names):
    required = {name for name in TABLES[table] if name not in OPTIONAL}
    missing = required - set(names)
    return bool(missing - ({"amount_cents"} if "amount" in names else set()))


def kind_of(table, name):
    special = {"ingested_at": "time", "amount": "amount"}
    return special.get(name) or TABLES[table][name]


# Texts


def records_of_csv(data, table):
    text = decoded(data)
    named = re.match(r'"?sep=([^"\w\s]|\t)"?\r*\n', text, re.IGNORECASE)
    if named:
        text = text[named.end() :]
    delimiters = [named[1]] if named else [",", ";", "\t", "|"]
    for delimiter in delimiters:
        header = next(csv_records(text, delimiter, lenient=True), [])
        if not is_incomplete(table, [trim(name).lower() for name in header]):
            break
    else:
        raise Refused("missing")
    records = list(csv_records(text, delimiter))
    if any(len(record) != len(records[0]) for record in records):
        raise Refused("fields")
    return [trim(name) for name in records[0]], records[1:]


def csv_records(text, delimiter, lenient=False):
    """Of RFC 4180, blank lines left out; a quote inside a field that does not begin with one is a
    character as any other. After the header, blanks may come before the quote that begins a field."""
    ends = set()
    plain = f'([^{re.escape(delimiter)}\r\n]*)'
    of_header = re.compile(f'"((?:[^"]|"")*)"|{plain}')
    of_record = re.compile(f' *"((?:[^"]|"")*)" *|{plain}')
    field, blanks = of_header, ""
    place, record = 0, []
    while place < len(text):
        match = field.match(text, place)
        if match[2] is not None and match[2].lstrip(blanks).startswith('"') and not lenient:
            raise Refused("quote")
        record.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        place = match.end()
        if place < len(text) and text[place] == delimiter:
            place += 1
            if place < len(text):
                continue
            record.append("")
        end = re.compile("\r*\n|\r+|$").match(text, place)
        if end is None:
            if lenient:
                return
            raise Refused("quote")
        if end[0]:
            ends.add("\n" if "\n" in end[0] else "\r")
        place = end.end()
        if len(ends) > 1:
            raise Refused("ends")
        if record != [""]:
            yield record
            field, blanks = of_record, " "
        record = []


def records_of_json(data):
    text = decoded(data)
    as_written = {"parse_float": str, "parse_int": str, "parse_constant": str}
    try:
        if text.lstrip().startswith("["):
            rows = json.loads(text, **as_written)
        else:
            rows = [json.loads(line, **as_written) for line in text.split("\n") if line.strip()]
    except ValueError:
        raise Refused("json") from None
    names = sorted({name for row in rows for name in row})
    return names, [[text_of_json(row.get(name)) for name in names] for row in rows]


def text_of_json(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None or isinstance(value, str) else "\x00"


def columns_of_texts(table, names, records):
    places, properties = chosen(table, names)
    columns = {}
    for name, place in places.items():
        kind = kind_of(table, name)
        texts = [present(record[place], kind) for record in records]
        columns[name] = moments(texts) if kind == "time" else texts
    found = {name: ([record[at] for record in records], None) for name, at in properties.items()}
    return columns, places, len(records), found


# Parquet


def columns_of_parquet(path, table):
    try:
        file = pq.ParquetFile(path)
        names = [trim(name) for name in file.schema_arrow.names]
        places, properties = chosen(table, names)
        for name, place in places.items():
            require_type(kind_of(table, name), file.schema_arrow.field(place).type)
        read = file.read()
    except (pa.ArrowException, OSError, ValueError, UnicodeDecodeError) as error:
        raise Refused("parquet") from error
    columns = {}
    for name, place in places.items():
        columns[name] = values_of(kind_of(table, name), read.column(place).combine_chunks())
        if file.schema.column(place).physical_type == "INT96":
            columns[name] = in_all_years(path, place, columns[name])
    found = {name: values_of_property(read.column(at)) for name, at in properties.items()}
    return columns, places, read.num_rows, found


def in_all_years(path, place, values):
    """Arrow reads INT96 as nanoseconds, of which 64 bits hold less than 600 years; the others wrap."""
    whole = pq.ParquetFile(path, coerce_int96_timestamp_unit="us").read().column(place)
    micros = whole.combine_chunks().cast(pa.int64()).to_pylist()
    near = lambda value, other: isinstance(value, int) and abs(value - other) <= 1
    pairs = zip(values, micros)
    return [v if m is None or near(v, m) else within_years(m) for v, m in pairs]


def values_of_property(column):
    """Its texts, and the type that its file says they have."""
    array = column.combine_chunks()
    if is_text(array.type):
        try:
            return array.to_pylist(), "text"
        except UnicodeDecodeError:
            raise Refused("encoding") from None
    found = texts_of_array(array)
    if found is None:
        raise Refused("type")
    return found


def is_text(kind):
    while pa.types.is_dictionary(kind):
        kind = kind.value_type
    return (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def require_type(kind, type_):
    if pa.types.is_decimal256(type_):
        raise Refused("type")
    whole = pa.types.is_integer(type_) or (pa.types.is_decimal(type_) and type_.scale == 0)
    if is_text(type_) or pa.types.is_null(type_) or whole:
        return
    time = pa.types.is_timestamp(type_) or pa.types.is_date(type_)
    if kind == "attribute_value" and is_said(type_):
        return
    if kind == "time":
        if not time:
            raise Refused("type")
    elif not pa.types.is_decimal(type_) and not (kind == "amount" and pa.types.is_float64(type_)):
        raise Refused("type")


def is_said(type_):
    """Types of which a value written as text says what it said."""
    return pa.types.is_floating(type_) or pa.types.is_boolean(type_) or pa.types.is_date(type_)


def text_of_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)


def values_of(kind, array):
    type_ = array.type
    if is_text(type_) or pa.types.is_null(type_):
        try:
            texts = [present(text, kind) for text in array.to_pylist()]
        except UnicodeDecodeError:
            raise Refused("encoding") from None
        return moments(texts) if kind == "time" else texts
    if kind == "time":
        return times_of(array)
    if kind == "attribute_value" and is_said(type_):
        return [None if v is None else present(text_of_value(v), kind) for v in array.to_pylist()]
    if pa.types.is_decimal(type_) and kind not in ("amount", "attribute_value"):
        values = array.to_pylist()
        return [None if v is None or v != int(v) else str(int(v)) for v in values]
    if pa.types.is_decimal(type_):
        return [None if v is None else f"{v:f}" for v in array.to_pylist()]
    return [None if v is None else present(repr(v), kind) for v in array.to_pylist()]


def times_of(array):
    type_ = array.type
    if pa.types.is_date(type_):
        days = array.cast(pa.date32()).cast(pa.int32()).to_pylist()
        return [None if v is None else within_years(v * 86_400_000_000) for v in days]
    if pa.types.is_timestamp(type_):
        values = array.cast(pa.int64()).to_pylist()
        factor, divisor = {"s": (10**6, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}[type_.unit]
        return [None if v is None else within_years(rounded_up(v * factor, divisor)) for v in values]
    integers = [None if v is None else int(v) for v in array.to_pylist()]
    there = [value for value in integers if value is not None]
    if not there:
        return integers
    unit = unit_of(there)
    if unit is None:
        raise Refused("unit")
    return [None if v is None else moment_of_integer(v, unit) for v in integers]
