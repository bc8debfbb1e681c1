"""Writes import folders with a mutated CSV or Parquet file each, and prints what the independent
reader finds in every file.

usage: make_fuzz.py FOLDER SEED FIRST COUNT NOW

A file depends on the seed and its number alone. Ids begin with the file's number, so that all of
them can be loaded into one installation.
"""

import json
import os
import random
import resource
import sys
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from file_reader import read_file
from text_encodings import ENCODINGS, csv, put
from property_rules import TABLES_WITH_PROPERTIES
from value_lists import AMOUNTS, BILLING, BOOLEANS, CURRENCIES, DECIMALS, LENGTHS, TEXTS, TIMES
from value_rules import TABLES

# None of these can be the id of another file's row.
BAD_IDS = ["", " ", None, "NULL", "\\N", "x" * 129, "a\tb", "a\u00a0b", "\x00", "a\nb"]
# How often a table is chosen.
SHARES = {"users": 2, "plan_changes": 1, "user_events": 4, "billing_events": 3, "user_attributes": 2}
POOLS = {
    "time": TIMES,
    "name": TEXTS,
    "optional": TEXTS,
    "billing_type": BILLING,
    "amount": AMOUNTS,
    "currency": CURRENCIES,
    "attribute_name": TEXTS + LENGTHS,
    "attribute_value": TEXTS + LENGTHS,
}
CSV = [name for name in ENCODINGS if ".parquet" not in name and ".json" not in name]
BYTES = b'",;|\t\r\n \x00\\\'=\xff\xc3\xa9-+.eZ0'


def usual(random, table, number, at):
    """A row without a fault."""
    second = random.randrange(86_400 * 150)
    time = f"2024-{1 + second // 2_592_000:02}-{1 + second // 86_400 % 28:02}T"
    time += f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
    time += random.choice(["Z", ".5Z", ".000001Z", ".123456+02:00", " UTC", ""])
    user = f"f{number}u{random.randrange(4)}"
    row = {}
    for name, kind in TABLES[table].items():
        row[name] = {
            "id": user if name == "user_id" else f"f{number}{name[0]}{at}",
            "time": time,
            "name": random.choice(["pro", "free", "login", "view"]),
            "optional": random.choice(["DE", "NA", ""]),
            "billing_type": random.choice(["charge_succeeded", "refund", "subscription_cancelled"]),
            "amount": random.choice(["5", "29", "0", "1200"]),
            "currency": random.choice(["USD", "usd", ""]),
            "attribute_id": random.choice([f"f{number}a{at}", f"f{number}a{at}", "", None]),
            "attribute_name": random.choice(["country", "team size"]),
            "attribute_value": random.choice(["DE", "FR", "34.0", "x" * 200, ""]),
        }[kind]
    if table == "users":
        row |= {"user_id": f"f{number}u{at}", "signup_time": f"2023-12-{1 + at % 28:02}"}
    return row


def rows_of(random, table, number):
    rows = [usual(random, table, number, at) for at in range(random.randrange(1, 13))]
    if random.random() < 0.3:
        rows.append(dict(random.choice(rows)))
    for _ in range(random.choice([0, 1, 1, 2, 3])):
        name, kind = random.choice(list(TABLES[table].items()))
        row = random.choice(rows)
        if kind in ("id", "attribute_id"):
            text = random.choice(TEXTS) or ""
            row[name] = random.choice(BAD_IDS) if random.random() < 0.4 else f"f{number}{text}"
        else:
            row[name] = random.choice(POOLS[kind])
    if random.random() < 0.3:
        time = next(name for name, kind in TABLES[table].items() if kind == "time")
        for row in rows:
            row["ingested_at"] = random.choice([row[time], "2024-09-01", "2024-02-01T00:00Z"])
    if table in TABLES_WITH_PROPERTIES and random.random() < 0.5:
        # Types stay in an installation: no two files have a property in common.
        pools = random.sample([DECIMALS, BOOLEANS, TEXTS, ["1", "2.50", "NA"], ["true", "", "x"]], 2)
        for row in rows:
            for at, pool in enumerate(pools):
                row[f"p_{number}-{at}"] = random.choice(pool)
    if table == "billing_events" and random.random() < 0.5:
        rows = [{"amount" if k == "amount_cents" else k: v for k, v in row.items()} for row in rows]
    return rows


def write_csv(random, rows, directory, table):
    encoding = random.choice(CSV)
    if random.random() < 0.4:
        rows = renamed(random, rows)
    path = f"{directory}/{table}.{encoding.split('.', 1)[1]}"
    ENCODINGS[encoding](rows, path)
    if random.random() < 0.6:
        put(path, mutated(random, open(path, "rb").read()))
    return path


def renamed(random, rows):
    """Columns in another order, case or number."""
    names = list(rows[0])
    random.shuffle(names)
    as_written = {name: name for name in names}
    change = random.randrange(6)
    name = random.choice(names)
    if change == 0:
        as_written[name] = name.upper()
    elif change == 1:
        as_written[name] = random.choice([f" {name} ", f"x_{name}", name.replace("_", "")])
    elif change == 2:
        as_written = {"note": "note", **as_written}
    elif change == 3:
        as_written |= {name.upper() + "": name.upper()}
    renamed_rows = []
    for row in rows:
        row = row | {"note": "n,o;t|e"} | {k: row[k.lower()] for k in as_written if k.lower() in row}
        renamed_rows.append({as_written[key]: row[key] for key in as_written})
    return renamed_rows


def mutated(random, data):
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        at = random.randrange(len(data) + 1)
        until = min(len(data), at + random.randrange(1, 30))
        change = random.randrange(7)
        if change == 0 and at < len(data):
            data[at] = random.choice(BYTES)
        elif change == 1:
            data[at:at] = bytes([random.choice(BYTES)])
        elif change == 2:
            del data[at : at + 1]
        elif change == 3:
            data[at:at] = data[at:until]
        elif change == 4:
            del data[at:until]
        elif change == 5 and random.random() < 0.3:
            del data[at:]
        elif at < len(data):
            data[at] ^= 1 << random.randrange(8)
        if not data:
            break
    return bytes(data)


def flipped(random, data):
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 3])):
        data[random.randrange(4, len(data) - 8)] ^= 1 << random.randrange(8)
    return bytes(data)


def write_parquet(random, rows, directory, table):
    path = f"{directory}/{table}.parquet"
    arrays = {}
    for name in rows[0]:
        array = pa.array([row[name] for row in rows], pa.string())
        arrays[name] = typed(random, name, array) if random.random() < 0.5 else array
    is_damaged = random.random() < 0.3
    pq.write_table(
        pa.table(arrays),
        path,
        row_group_size=random.choice([1, 3, 1000]),
        compression=random.choice(["none", "snappy", "zstd", "gzip"]),
        use_dictionary=random.random() < 0.5,
        write_statistics=random.random() < 0.5,
        data_page_version=random.choice(["1.0", "2.0"]),
        use_deprecated_int96_timestamps=random.random() < 0.1,
        # Arrow alone reads its own schema, and may take other types from a damaged one.
        store_schema=not is_damaged and random.random() < 0.8,
    )
    if is_damaged:
        damage = flipped if random.random() < 0.7 else mutated
        put(path, damage(random, open(path, "rb").read()))
    return path, is_damaged


def typed(random, name, array):
    """In a type that may mean the same, where the values allow it; else as it is."""
    types = [pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.string_view()]
    if name in ("amount", "amount_cents"):
        types += [pa.int64(), pa.uint16(), pa.float64(), pa.float32(), pa.decimal128(38, 4)]
        types += [pa.decimal256(50, 2), pa.decimal128(9, 2)]
    elif name.startswith("p_"):
        types += [pa.int64(), pa.bool_(), pa.float64(), pa.float32(), pa.decimal128(38, 8)]
    elif name.endswith("_time") or name == "ingested_at":
        units = [pa.timestamp(unit, zone) for unit in ("ms", "us", "ns") for zone in (None, "UTC")]
        types += [*units, pa.date32(), pa.int64(), pa.int64()]
    type_ = random.choice(types)
    try:
        if pa.types.is_integer(type_) and name.endswith(("_time", "_at")):
            return array.cast(pa.timestamp("us")).cast(pa.int64())
        return array.cast(type_)
    except (pa.ArrowException, ValueError):
        return array


def read_apart(path, table, now):
    """Of a damaged file, which may break the reader: in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            found = read_file(path, table, now)
        except BaseException:
            found = {"refused": "damaged"}
        with os.fdopen(writing, "w") as pipe:
            json.dump(found, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    try:
        return json.loads(said)
    except ValueError:
        return {"refused": "damaged"}


def make(folder, seed, number, now):
    rng = random.Random(f"{seed}/{number}")
    table = rng.choices(list(SHARES), list(SHARES.values()))[0]
    directory = f"{folder}/{number}"
    os.mkdir(directory)
    rows = rows_of(rng, table, number)
    if table != "users":
        users = [{"user_id": f"f{number}u{at}", "signup_time": "2024-01-01", "plan": "pro"} for at in range(4)]
        csv()(users, f"{directory}/users.csv")
    is_damaged = False
    if rng.random() < 0.55:
        path = write_csv(rng, rows, directory, table)
    else:
        path, is_damaged = write_parquet(rng, rows, directory, table)
    read = read_apart if is_damaged else read_file
    users = {} if table == "users" else {"users": read_file(f"{directory}/users.csv", "users", now)["rows"]}
    found = read(path, table, now)
    return {"folder": directory, "table": table, "damaged": is_damaged, **users, "found": found}


def main(folder, seed, first, count, now):
    files = {n: make(folder, seed, n, now) for n in range(first, first + count)}
    print(json.dumps(files))


main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6]))
