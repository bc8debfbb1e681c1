"""The script that most would write in Python: days × users matrices and running sums.

No ledger, no knowledge, no manifests, no fsync. Polars reads the events, in any order, and finds
the days of each session; numpy adds up one matrix per feature along the days.

    python polars-matrices.py LOG_DIR OUT_DIR FIRST_DAY DAYS COMPLETE_THROUGH_DAY THREADS

Days are numbers since 1970. Prints {"seconds", "rows", "peak_rss_bytes"}.
"""

import os
import sys

LOG, OUT = sys.argv[1:3]
FIRST, DAYS, COMPLETE_THROUGH, THREADS = map(int, sys.argv[3:7])
os.environ["POLARS_MAX_THREADS"] = str(THREADS)

import datetime
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

DAY = 86_400_000_000
HORIZON = 30
# Row k of a matrix is day FIRST + k; the label looks a horizon further.
ROWS = DAYS + HORIZON + 1


def scan(table):
    """A table's rows with `d`: the first midnight at or after them, counted from FIRST."""
    time_column = "signup_time" if table == "users" else "event_time"
    midnight = (pl.col(time_column).dt.epoch("us") + (DAY - 1)) // DAY
    return pl.scan_parquet(f"{LOG}/{table}.parquet").with_columns(
        (midnight - FIRST).cast(pl.Int32).alias("d")
    )


def numbered(frame, ids):
    return frame.join(ids.lazy(), on="user_id")


def totals(day, uid, users, weights=None, dtype=np.int32):
    """What begins on each day, by user; what began before the first day begins on it."""
    inside = day < ROWS
    flat = np.maximum(day[inside], 0).astype(np.int64) * users + uid[inside]
    weights = None if weights is None else weights[inside]
    return np.bincount(flat, weights, minlength=ROWS * users).astype(dtype).reshape(ROWS, users)


def in_force(start, end, uid, users, weights=None, dtype=np.int32):
    """Per day and user, how much is in force of what starts on one day and ends before another."""
    alive = end > 0
    weights = None if weights is None else weights[alive]
    matrix = totals(start[alive], uid[alive], users, weights, dtype)
    matrix -= totals(end[alive], uid[alive], users, weights, dtype)
    return np.cumsum(matrix, axis=0, out=matrix)


def session_days(ids):
    """The days of each session, each with the one before it."""
    rows = scan("user_events").select("user_id", "session_id", "d").unique()
    days = numbered(rows, ids).select("uid", "session_id", "d").collect()
    days = days.sort("uid", "session_id", "d")
    same = (days["uid"] == days["uid"].shift(1)) & (days["session_id"] == days["session_id"].shift(1))
    before = days["d"].shift(1).to_numpy()
    before = np.where(same.fill_null(False).to_numpy(), before, -32_000).astype(np.int32)
    return days["uid"].to_numpy(), days["d"].to_numpy(), before


def of_type(table, event_type, ids, *columns):
    rows = scan(table).filter(pl.col("event_type") == event_type)
    rows = numbered(rows, ids).select("uid", "d", *columns).collect()
    return [rows[name].to_numpy() for name in ("uid", "d", *columns)]


def latest(rows, users, begin):
    """Per day and user, the last value of rows (uid, d, value) in order; `begin` before any."""
    matrix = np.full((ROWS, users), -1, np.int32)
    uid, day, value = rows
    inside = day < ROWS
    matrix[np.maximum(day[inside], 0), uid[inside]] = value[inside]
    matrix[0] = np.where(matrix[0] < 0, begin, matrix[0])
    for k in range(1, ROWS):
        np.copyto(matrix[k], matrix[k - 1], where=matrix[k] < 0)
    return matrix


def last_logins(ids, users, since):
    """Per day and user, the day of the last login, or of the signup."""
    matrix = np.full((ROWS, users), -32_000, np.int32)
    uid, day = of_type("user_events", "login", ids)
    order = np.argsort(day, kind="stable")
    uid, day = uid[order], day[order]
    inside = day < ROWS
    matrix[np.maximum(day[inside], 0), uid[inside]] = day[inside]
    matrix[0] = np.maximum(matrix[0], since)
    return np.maximum.accumulate(matrix, axis=0, out=matrix)


def plans(ids, users, begin):
    rows = numbered(scan("plan_changes"), ids).sort("event_time", "change_id")
    rows = rows.select("uid", "d", (pl.col("plan") == "pro").cast(pl.Int32)).collect()
    return latest([rows[name].to_numpy() for name in ("uid", "d", "plan")], users, begin)


def departures(ids):
    """Per time that a user is gone, the first day and the day it ends on, if it does, after all."""

    def times(table, *columns):
        return numbered(scan(table), ids).select("uid", "event_time", *columns).collect()

    plan_changes, bills = times("plan_changes"), times("billing_events", "event_type")

    def of_type(event_type):
        rows = bills.filter(pl.col("event_type") == event_type)
        return rows.select("uid", pl.col("event_time").alias("t"))

    now, later = pl.duration(days=0), pl.duration(days=3)
    returns = pl.concat(
        [
            plan_changes.select("uid", pl.col("event_time").alias("r"), now.alias("after")),
            of_type("subscription_started").rename({"t": "r"}).with_columns(now.alias("after")),
            of_type("charge_succeeded").rename({"t": "r"}).with_columns(later.alias("after")),
        ]
    )
    gone = of_type("subscription_cancelled").unique().sort("uid", "t")
    back = (
        gone.join(returns, on="uid")
        .filter(pl.col("r") > pl.col("t") + pl.col("after"))
        .group_by("uid", "t")
        .agg(pl.col("r").min())
    )
    gone = gone.join(back, on=["uid", "t"], how="left").sort("uid", "t")
    again = pl.col("t").shift(-1).over("uid")
    gone = gone.with_columns(pl.min_horizontal("r", again).alias("end"))

    def day(column):
        midnight = (pl.col(column).dt.epoch("us") + (DAY - 1)) // DAY
        return (midnight - FIRST).fill_null(ROWS).cast(pl.Int32).alias(column)

    gone = gone.select("uid", day("t"), day("end"))
    return [gone[name].to_numpy() for name in ("uid", "t", "end")]


def features(table, ids):
    """Per feature, a matrix of days × users; and whether the label's horizon is silent, or cancelled."""
    users = len(table)
    since = table["d"].to_numpy()
    uid, day, before = session_days(ids)

    def sessions(days):
        return in_force(np.maximum(day, before + days), day + days, uid, users)

    failed_uid, failed = of_type("billing_events", "charge_failed", ids)
    paid_uid, paid, cents = of_type("billing_events", "charge_succeeded", ids, "amount_cents")
    gone_uid, gone = of_type("billing_events", "subscription_cancelled", ids)
    away_uid, away, back = departures(ids)
    active = in_force(day - HORIZON, day, uid, users)
    cancelled = in_force(gone - HORIZON, gone, gone_uid, users)
    return {
        "seven": sessions(7),
        "thirty": sessions(30),
        "login": last_logins(ids, users, since),
        "failed": in_force(failed, failed + 30, failed_uid, users),
        "cents": in_force(paid, paid + 90, paid_uid, users, cents, np.int64),
        "pro": plans(ids, users, (table["plan"] == "pro").cast(pl.Int32).to_numpy()),
        "churned": (active == 0) | (cancelled > 0),
        "subscribed": in_force(away, back, away_uid, users) == 0,
    }


def write_day(table, of, k):
    visible = table["d"].to_numpy() <= k
    rows = int(visible.sum())
    known = FIRST + k + HORIZON <= COMPLETE_THROUGH
    frame = pl.DataFrame(
        {
            "user_id": table["user_id"].filter(pl.Series(visible)),
            "feature_time": pl.repeat((FIRST + k) * DAY, rows, dtype=pl.Int64, eager=True).cast(
                pl.Datetime("us", "UTC")
            ),
            "avg_sessions_7d": of["seven"][k, visible] / 7,
            "sessions_30d": of["thirty"][k, visible],
            "days_since_last_login": k - of["login"][k, visible],
            "failed_payments_30d": of["failed"][k, visible],
            "total_spend_90d": of["cents"][k, visible] / 100,
            "is_pro_plan": of["pro"][k, visible] > 0,
            "label_churned_30d": pl.Series(of["churned"][k, visible])
            if known
            else pl.Series([None], dtype=pl.Boolean).new_from_index(0, rows),
            "is_subscribed": of["subscribed"][k, visible],
        }
    )
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days=FIRST + k)
    frame.write_parquet(f"{OUT}/day={date}.parquet", compression="zstd", compression_level=1)
    return rows


def peak_rss():
    """Bytes, 0 where the system does not say; as bench/backfill-once.ts measures it."""
    status = "/proc/self/status"
    if not os.path.exists(status):
        return 0
    with open(status) as lines:
        return int(re.search(r"VmHWM:\s+(\d+) kB", lines.read())[1]) * 1024


def main():
    started = time.perf_counter()
    table = scan("users").select("user_id", "d", "plan").sort("user_id").collect()
    ids = table.select("user_id").with_row_index("uid")
    of = features(table, ids)
    with ThreadPoolExecutor(THREADS) as pool:
        total = sum(pool.map(lambda k: write_day(table, of, k), range(DAYS)))
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "rows": total, "peak_rss_bytes": peak_rss()}))


main()
