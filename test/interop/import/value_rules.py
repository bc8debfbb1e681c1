"""What docs/OPERATIONS.md says of the values of an import, in integers and Decimal alone.

It shares no code with the product and uses no DuckDB, so that the two can only agree by meaning the
same. Times are whole microseconds since 1970.
"""

import hashlib
import re
import unicodedata
from datetime import date
from decimal import Decimal, getcontext

# Exact for whatever a column of 128 and more digits says.
getcontext().prec = 1000

TABLES = {
    "users": {"user_id": "id", "signup_time": "time", "plan": "name", "country": "optional"},
    "plan_changes": {"change_id": "id", "user_id": "id", "plan": "name", "event_time": "time"},
    "user_events": {
        "event_id": "id",
        "user_id": "id",
        "session_id": "id",
        "event_type": "name",
        "event_time": "time",
    },
    "billing_events": {
        "event_id": "id",
        "user_id": "id",
        "event_type": "billing_type",
        "amount_cents": "amount",
        "currency": "currency",
        "event_time": "time",
    },
    "user_attributes": {
        "attribute_id": "attribute_id",
        "user_id": "id",
        "name": "attribute_name",
        "value": "attribute_value",
        "event_time": "time",
    },
}
OPTIONAL = {"country", "currency", "attribute_id"}
BILLING_TYPES = {
    "charge_succeeded",
    "charge_failed",
    "refund",
    "dispute",
    "subscription_started",
    "subscription_cancelled",
}
MONEYLESS = {"subscription_started", "subscription_cancelled"}
OWN_CURRENCY = "USD"
# Of the currencies that the cases name; what is no currency may have four decimals, as none has more.
DECIMALS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
MOST_DECIMALS = 4
MOST_MINOR_UNITS = 10**11
FIVE_MINUTES = 300_000_000

BLANKS = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
NULL_WORDS = {"", "NULL", "null", "\\N", "NaN", "nan", "None", "<NA>", "N/A", "n/a", "#N/A"}
NULL_WORDS_OF_NUMBERS = NULL_WORDS | {"NA", "NaT"}

INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?: ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII | re.IGNORECASE,
)
INTEGER = re.compile(r"-?\d+", re.ASCII)
NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?", re.ASCII)
EPOCH_DAY = date(1970, 1, 1).toordinal()
FIRST = (date(1, 1, 1).toordinal() - EPOCH_DAY) * 86_400_000_000
LAST = (date(9999, 12, 31).toordinal() + 1 - EPOCH_DAY) * 86_400_000_000 - 1
# Of 1980 to 2099, in seconds.
CERTAIN = range(
    (date(1980, 1, 1).toordinal() - EPOCH_DAY) * 86_400,
    (date(2100, 1, 1).toordinal() - EPOCH_DAY) * 86_400,
)
UNITS = (1, 10**3, 10**6, 10**9)


def trim(text):
    return None if text is None else text.strip(BLANKS)


def present(text, kind):
    """A text without the blanks around it; None where it is missing."""
    words = NULL_WORDS_OF_NUMBERS if kind in ("time", "amount", "currency") else NULL_WORDS
    trimmed = trim(text)
    return None if trimmed is None or trimmed in words else trimmed


def moment(text):
    """The microseconds of a time as text, None where it is none."""
    match = INSTANT.fullmatch(text)
    if not match:
        return None
    year, month, day = (int(match[group]) for group in (1, 2, 3))
    hour, minute, second = (int(match[group] or 0) for group in (4, 5, 6))
    try:
        days = date(year, month, day).toordinal() - EPOCH_DAY
    except ValueError:
        return None
    offset = minutes_of(match[8] or "Z")
    if hour > 23 or minute > 59 or second > 59 or offset is None:
        return None
    minutes = days * 1440 + hour * 60 + minute - offset
    nanos = Decimal(f"0.{match[7] or 0}") * 10**6
    micros = int(nanos) + (1 if nanos != int(nanos) else 0)
    return within_years((minutes * 60 + second) * 10**6 + micros)


def minutes_of(zone):
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def within_years(micros):
    return micros if FIRST <= micros <= LAST else None


def rounded_up(value, per_micro):
    return -(-value // per_micro)


def unit_of(integers):
    """The one unit in which integers are times of 1980 to 2099; None where that is not certain."""
    units = {unit for unit in UNITS for value in integers if value // unit in CERTAIN}
    return units.pop() if len(units) == 1 else None


def moment_of_integer(value, unit):
    """Of an integer in a column of this unit."""
    if value // unit not in CERTAIN:
        return None
    return value * (10**6 // unit) if unit <= 10**6 else rounded_up(value, unit // 10**6)


def moments(texts):
    """Of a column of trimmed texts, None among them: a moment each, or None."""
    there = [text for text in texts if text is not None]
    unit = None
    if there and all(INTEGER.fullmatch(text) for text in there):
        unit = unit_of([int(text) for text in there])
    if unit is None:
        return [None if text is None else moment(text) for text in texts]
    return [None if text is None else moment_of_integer(int(text), unit) for text in texts]


def is_printable(text, most=128):
    """1 to 128 characters, or as many, none of them a control character or a blank but the plain one."""
    unprintable = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"}
    return (
        text is not None
        and 1 <= len(text) <= most
        and all(c == " " or unicodedata.category(c) not in unprintable for c in text)
    )


def minor_units(text, decimals):
    """(digits, is negative, has too many decimals); None for what is no plain number."""
    match = NUMBER.fullmatch(text)
    if not match or not (match[2] or match[3]):
        return None
    value = Decimal(f"{match[2] or 0}.{match[3] or 0}").scaleb(decimals)
    return int(value), match[1] == "-" and value != 0, value != int(value)


def judge(table, row, properties, in_units, arrival, now):
    """The row's values by column, or the reason for which it is rejected.

    `row` has a present text or None by column, but moments where the column is a time; `properties`
    their text, and whether they fit; `arrival` is whether its file says when it arrived.
    """
    columns = TABLES[table]
    of_kind = lambda *kinds: [row.get(name) for name, kind in columns.items() if kind in kinds]
    money, reasons = judge_money(row, in_units) if table == "billing_events" else ({}, [])
    time = of_kind("time")[0]
    arrived = row["ingested_at"] if arrival else time
    checks = [
        (
            "invalid_id",
            not all(map(is_printable, of_kind("id")))
            or any(text is not None and not is_printable(text) for text in of_kind("attribute_id")),
        ),
        (
            "invalid_value",
            not all(map(is_printable, of_kind("name", "billing_type")))
            or any(text is not None and not is_printable(text) for text in of_kind("optional"))
            or not all(is_printable(text, 64) for text in of_kind("attribute_name"))
            or any(t is not None and not is_printable(t, 1024) for t in of_kind("attribute_value"))
            or "invalid_value" in reasons,
        ),
        ("invalid_time", time is None or arrived is None),
        *((reason, reason in reasons) for reason in MONEY_REASONS),
        ("invalid_property", not properties[1]),
        ("in_the_future", lambda: max(time, arrived) > now + FIVE_MINUTES),
        ("after_arrival", lambda: time > arrived + FIVE_MINUTES),
    ]
    for reason, is_so in checks:
        if is_so() if callable(is_so) else is_so:
            return {"reason": reason}
    values = {name: row.get(name) for name in columns} | money | {"ingested_at": arrived}
    if table == "user_attributes" and values["attribute_id"] is None:
        values["attribute_id"] = made_id(values["user_id"], values["name"], time)
    if table in ("user_events", "billing_events"):
        values["properties"] = properties[0]
    return {"values": {name: None if v is None else str(v) for name, v in values.items()}}


def made_id(user, name, time):
    """Of an attribute that comes without one."""
    return hashlib.sha256(f"{user}\n{name}\n{time}".encode()).hexdigest()[:32]


MONEY_REASONS = ("unknown_billing_type", "negative_amount", "sub_cent_amount", "other_currency")


def judge_money(row, in_units):
    kind = row["event_type"]
    currency = (row.get("currency") or OWN_CURRENCY).upper()
    decimals = DECIMALS.get(currency, MOST_DECIMALS) if in_units else 0
    text = row["amount" if in_units else "amount_cents"]
    if text is None and kind in MONEYLESS:
        text = "0"
    found = None if text is None else minor_units(text, decimals)
    if found is None or found[0] > MOST_MINOR_UNITS:
        return {}, ["invalid_value"]
    units, is_negative, is_too_fine = found
    reasons = {
        "unknown_billing_type": kind not in BILLING_TYPES,
        "negative_amount": is_negative and kind != "refund",
        "sub_cent_amount": is_too_fine,
        "other_currency": currency != OWN_CURRENCY,
    }
    money = {"amount_cents": units, "currency": currency}
    return money, [reason for reason, is_so in reasons.items() if is_so]
