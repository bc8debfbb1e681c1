"""What somebody would write by hand in Python for one backfill of our own segments, and tune.

No ledger, no knowledge, no manifests, no fsync. Polars reads the events; the file's order
(user_id, event_time) turns them into runs of one session, runs into sessions. numpy keeps one
vector of all users per feature and moves it on day by day by what begins and ends on that day.

    python polars-in-order.py LOG_DIR OUT_DIR FIRST_DAY DAYS COMPLETE_THROUGH_DAY THREADS

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
NEVER = 32_000


def day_of(column):
    """The first midnight at or after an instant."""
    return ((pl.col(column).dt.epoch("us") + (DAY - 1)) // DAY).cast(pl.Int16)


def scan(table):
    return pl.scan_parquet(f"{LOG}/{table}.parquet")


def read_users():
    columns = [pl.col("user_id"), day_of("signup_time").alias("since"), pl.col("plan") == "pro"]
    return scan("users").select(columns).sort("user_id").collect()


def with_uid(frame, users):
    ids = users.select("user_id").with_row_index("uid")
    return frame.join(ids, on="user_id")


def read_sessions(users):
    """One row per session: user, first and last day, first and last day with a login."""
    events = (
        scan("user_events")
        .select(
            "user_id",
            "session_id",
            day_of("event_time").alias("d"),
            (pl.col("event_type") == "login").alias("login"),
        )
        .collect()
    )
    user, session = events["user_id"], events["session_id"]
    new_user = (user != user.shift(1)).fill_null(True).to_numpy()
    new_run = (session != session.shift(1)).fill_null(True).to_numpy() | new_user
    starts = np.flatnonzero(new_run)
    ends = np.append(starts[1:], len(events)) - 1
    day, login = events["d"].to_numpy(), events["login"].to_numpy()
    # A block of rows per user, in the order of the user ids: their numbers by position.
    blocks = user.gather(np.flatnonzero(new_user)).to_frame()
    uid_of_block = with_uid(blocks, users)["uid"].to_numpy().astype(np.int32)
    if len(uid_of_block) != len(blocks) or np.any(np.diff(uid_of_block) <= 0):
        raise SystemExit("the events are not sorted by user_id")
    uid = uid_of_block[np.cumsum(new_user)[starts] - 1]
    runs = pl.DataFrame(
        {
            "uid": uid,
            "session_id": session.gather(starts),
            "a": day[starts],
            "b": day[ends],
            "login_a": np.minimum.reduceat(np.where(login, day, np.int16(NEVER)), starts),
            "login_b": np.maximum.reduceat(np.where(login, day, np.int16(-1)), starts),
        }
    )
    sessions = runs.group_by("uid", "session_id").agg(
        pl.col("a").min(), pl.col("b").max(), pl.col("login_a").min(), pl.col("login_b").max()
    )
    return sessions, events


def long_pieces(sessions, events, users):
    """The days of sessions that last more than two days, each with the day before it, if any."""
    long = sessions.filter(pl.col("b") - pl.col("a") > 1).select("uid", "session_id")
    if len(long) == 0:
        return None
    of_long = events.join(long.select("session_id").unique(), on="session_id", how="semi")
    return (
        with_uid(of_long, users)
        .join(long.with_columns(pl.col("uid").cast(pl.UInt32)), on=["uid", "session_id"])
        .group_by("uid", "session_id", "d")
        .agg(pl.col("login").any())
        .sort("uid", "session_id", "d")
        .with_columns(pl.col("d").shift(1).over("uid", "session_id").alias("p"))
    )


class ByDay:
    """Rows of (day, uid, value) sorted by day, and their sum per user on one day."""

    def __init__(self, day, uid, value=None):
        order = np.argsort(day, kind="stable")
        self.day, self.uid = np.asarray(day)[order], np.asarray(uid)[order]
        self.value = None if value is None else np.asarray(value)[order]
        self.first = int(self.day[0]) if len(self.day) else 0
        counts = np.bincount(self.day.astype(np.int32) - self.first)
        self.begin = [0, *np.cumsum(counts).tolist()]

    def slice(self, k):
        index = k - self.first
        if index < 0 or index + 1 >= len(self.begin):
            return slice(0, 0)
        return slice(self.begin[index], self.begin[index + 1])

    def uids(self, k):
        return self.uid[self.slice(k)]

    def add_to(self, vector, k, sign):
        rows = self.slice(k)
        if rows.start == rows.stop:
            return
        weights = None if self.value is None else self.value[rows]
        added = np.bincount(self.uid[rows], weights, minlength=len(vector)).astype(vector.dtype)
        if sign > 0:
            vector += added
        else:
            vector -= added


class Running:
    """A vector of all users that gains rows on their first day and loses them on their last."""

    def __init__(self, users, plus, minus, dtype=np.int32):
        self.now = np.zeros(users, dtype)
        self.plus, self.minus = plus, minus

    def move_to(self, k):
        for rows, shift in self.plus:
            rows.add_to(self.now, k - shift, +1)
        for rows, shift in self.minus:
            rows.add_to(self.now, k - shift, -1)


def session_features(sessions, pieces, count):
    short = sessions.filter(pl.col("b") - pl.col("a") <= 1)
    uid = short["uid"].to_numpy()
    begin, end = ByDay(short["a"].to_numpy(), uid), ByDay(short["b"].to_numpy(), uid)
    logins = [(short[name].to_numpy(), uid) for name in ("login_a", "login_b")]
    plus7, plus30, plus_active = [(begin, 0)], [(begin, 0)], [(begin, -30)]
    minus = [(end, 0)]
    if pieces is not None:
        d, uid = pieces["d"].to_numpy(), pieces["uid"].to_numpy()
        p = pieces["p"].fill_null(-NEVER).to_numpy().astype(np.int32)
        plus7.append((ByDay(np.maximum(d, p + 7), uid), 0))
        plus30.append((ByDay(np.maximum(d, p + 30), uid), 0))
        of_day = ByDay(d, uid)
        plus_active.append((of_day, -30))
        minus.append((of_day, 0))
        logins.append((np.where(pieces["login"].to_numpy(), d, -1), uid))
    day = np.concatenate([day for day, _ in logins])
    uid = np.concatenate([uid for _, uid in logins])
    is_login = (day >= 0) & (day < NEVER)
    return (
        Running(count, plus7, [(rows, 7) for rows, _ in minus]),
        Running(count, plus30, [(rows, 30) for rows, _ in minus]),
        Running(count, plus_active, minus),
        ByDay(day[is_login], uid[is_login]),
    )


def billing_features(users, count):
    rows = scan("billing_events").select(
        "user_id", day_of("event_time").alias("d"), "event_type", "amount_cents", "event_time"
    )
    rows = with_uid(rows.collect(), users)

    def of_type(event_type, with_amount=False):
        some = rows.filter(pl.col("event_type") == event_type)
        amounts = some["amount_cents"].to_numpy() if with_amount else None
        return ByDay(some["d"].to_numpy(), some["uid"].to_numpy(), amounts)

    failed = of_type("charge_failed")
    spent = of_type("charge_succeeded", with_amount=True)
    cancelled = of_type("subscription_cancelled")
    return (
        Running(count, [(failed, 0)], [(failed, 30)]),
        Running(count, [(spent, 0)], [(spent, 90)], np.int64),
        Running(count, [(cancelled, -30)], [(cancelled, 0)]),
        rows,
    )


def plan_changes(users):
    rows = scan("plan_changes").select(
        "user_id", "change_id", "event_time", day_of("event_time").alias("d"), pl.col("plan") == "pro"
    )
    rows = with_uid(rows.collect(), users).sort("event_time", "change_id")
    return ByDay(rows["d"].to_numpy(), rows["uid"].to_numpy(), rows["plan"].to_numpy()), rows


def departures(frame_of_plans, frame_of_billing):
    """Per time that a user is gone, the first day and the day it ends on, if it does, after all."""

    def of_type(event_type):
        rows = frame_of_billing.filter(pl.col("event_type") == event_type)
        return rows.select("uid", pl.col("event_time").alias("t"))

    now, later = pl.duration(days=0), pl.duration(days=3)
    returns = pl.concat(
        [
            frame_of_plans.select("uid", pl.col("event_time").alias("r"), now.alias("after")),
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
    gone = gone.select("uid", day_of("t").alias("a"), day_of("end").alias("b"))
    ended = gone.filter(pl.col("b").is_not_null())
    return (
        ByDay(gone["a"].to_numpy(), gone["uid"].to_numpy()),
        ByDay(ended["b"].to_numpy(), ended["uid"].to_numpy()),
    )


def write_day(users, k, visible, columns):
    """Writes the vectors of one day; the columns are copies, so that the next day may go on."""
    frame = pl.DataFrame({"user_id": users["user_id"].filter(visible), **columns})
    time_column = pl.lit(k * DAY).cast(pl.Datetime("us", "UTC")).alias("feature_time")
    frame = frame.select("user_id", time_column, pl.exclude("user_id"))
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days=k)
    frame.write_parquet(f"{OUT}/day={date}.parquet", compression="zstd", compression_level=1)
    return len(frame)


def peak_rss():
    """Bytes, 0 where the system does not say; as bench/backfill-once.ts measures it."""
    status = "/proc/self/status"
    if not os.path.exists(status):
        return 0
    with open(status) as lines:
        return int(re.search(r"VmHWM:\s+(\d+) kB", lines.read())[1]) * 1024


def main():
    started = time.perf_counter()
    users = read_users()
    count = len(users)
    sessions, events = read_sessions(users)
    pieces = long_pieces(sessions, events, users)
    del events
    seven, thirty, active, logins = session_features(sessions, pieces, count)
    failed, spent, cancelled, bills = billing_features(users, count)
    plans, changes = plan_changes(users)
    begin, end = departures(changes, bills)
    gone = Running(count, [(begin, 0)], [(end, 0)])
    since = users["since"].to_numpy().astype(np.int32)
    last_login, pro = since.copy(), users["plan"].to_numpy().copy()
    running = [seven, thirty, active, failed, spent, cancelled, gone]
    earliest = min(FIRST, *[int(rows.day[0]) for rows in (logins, plans, begin) if len(rows.day)],
                   int(sessions["a"].min() or FIRST), int(since.min())) - 30
    written = []
    with ThreadPoolExecutor(THREADS) as pool:
        for k in range(earliest, FIRST + DAYS):
            for feature in running:
                feature.move_to(k)
            last_login[logins.uids(k)] = k
            rows = plans.slice(k)
            pro[plans.uid[rows]] = plans.value[rows]
            if k < FIRST:
                continue
            visible = since <= k
            label = ((active.now == 0) | (cancelled.now > 0))[visible]
            known = k + 30 <= COMPLETE_THROUGH
            columns = {
                "avg_sessions_7d": seven.now[visible] / 7,
                "sessions_30d": thirty.now[visible],
                "days_since_last_login": (k - last_login)[visible].astype(np.int32),
                "failed_payments_30d": failed.now[visible],
                "total_spend_90d": spent.now[visible] / 100,
                "is_pro_plan": pro[visible],
                "label_churned_30d": pl.Series(label)
                if known
                else pl.Series([None], dtype=pl.Boolean).new_from_index(0, len(label)),
                "is_subscribed": (gone.now == 0)[visible],
            }
            written.append(pool.submit(write_day, users, k, pl.Series(visible), columns))
            if len(written) > 8:
                written[-8].result()
        total = sum(future.result() for future in written)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "rows": total, "peak_rss_bytes": peak_rss()}))


main()
