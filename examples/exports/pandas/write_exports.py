"""Writes csv/, parquet/, json/ and float-ids/ with pandas' defaults.

Python with pandas and pyarrow: python write_exports.py
"""

from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent


def times(*texts):
    """Aware times; with one that is finer than a microsecond, pandas keeps nanoseconds."""
    return pd.to_datetime(list(texts), utc=True, format="ISO8601")


users = pd.DataFrame(
    {
        "user_id": [1001, 1002, 1003, 9007199254740993],
        "signup_time": times(
            "2025-01-05 09:30", "2025-01-07 18:02:11", "2025-01-20", "2025-02-03 07:45:59.5"
        ),
        "plan": ["pro & team", "free", "free", "free, yearly"],
        "country": ["DE", "US", None, "NA"],
    }
)
user_events = pd.DataFrame(
    {
        "event_id": [501, 502, 503, 504, 505],
        "user_id": [1001, 1001, 1002, 1002, 1003],
        "session_id": ["71", "71", "72", "73", "75"],
        "event_type": ["login", "report_viewed", "login", "login", "login"],
        "event_time": times(
            "2025-01-05 09:30:05",
            "2025-01-05 09:41:00.25",
            "2025-01-07 18:02:11",
            "2025-02-01 07:59:59.999999001",
            "2025-03-30 00:00:00.000000400",
        ),
    }
)
billing_events = pd.DataFrame(
    {
        "event_id": ["b1", "b2", "b3", "b4"],
        "user_id": [1001, 1002, 1002, 1001],
        "event_type": ["charge_succeeded", "charge_failed", "refund", "subscription_cancelled"],
        "amount": [29.33, 29.0, 14.5, None],
        "currency": ["USD", "USD", "USD", None],
        "event_time": times(
            "2025-01-05 09:31", "2025-02-01 08:00:05", "2025-02-05 12:00", "2025-02-05 12:00:01"
        ),
    }
)
# An outer join or a row without a user turns a whole column of integers into floats.
joined = user_events.assign(user_id=[1001, 1001, 1002, None, 1003])

for name, frame in {
    "users": users,
    "user_events": user_events,
    "billing_events": billing_events,
}.items():
    frame.to_csv(HERE / "csv" / f"{name}.csv")
    frame.to_parquet(HERE / "parquet" / f"{name}.parquet")
    frame.to_json(HERE / "json" / f"{name}.jsonl", orient="records", lines=True)
users.to_csv(HERE / "float-ids" / "users.csv", index=False)
joined.to_csv(HERE / "float-ids" / "user_events.csv", index=False)
