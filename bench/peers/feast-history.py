"""Feast's point-in-time join of a spine with vectors that were computed before.

get_historical_features with the DuckDB offline store, over the daily partitions that the platform
has published, from the spine's CSV file to a Parquet file. Nothing is computed from raw events.

    python feast-history.py PARTITIONS_GLOB SPINE_CSV OUT_PARQUET SCRATCH_DIR THREADS

Prints {"seconds", "rows"}; defining the views, which is done once per repository, is not timed.
"""

import json
import sys
import time
from datetime import timedelta

import duckdb
import ibis
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Bool, Float64, Int32, String

PARTITIONS, SPINE, OUT, SCRATCH, THREADS = sys.argv[1:]
TYPES = {"DOUBLE": Float64, "INTEGER": Int32, "BOOLEAN": Bool}


def feature_fields():
    query = f"DESCRIBE SELECT * FROM read_parquet('{PARTITIONS}', hive_partitioning = false)"
    columns = duckdb.sql(query).fetchall()
    return [
        Field(name=name, dtype=TYPES[kind])
        for name, kind, *_ in columns
        if kind in TYPES and not name.startswith("label_")
    ]


def open_store():
    store = FeatureStore(
        config=RepoConfig(
            project="churn",
            provider="local",
            registry=f"{SCRATCH}/registry.db",
            offline_store={"type": "duckdb"},
            online_store={"type": "sqlite", "path": f"{SCRATCH}/online.db"},
            entity_key_serialization_version=3,
        )
    )
    user = Entity(name="user", join_keys=["user_id"])
    view = FeatureView(
        name="vectors",
        entities=[user],
        # A vector describes its midnight, and serves until the next one.
        ttl=timedelta(days=1),
        schema=[Field(name="user_id", dtype=String), *feature_fields()],
        source=FileSource(path=PARTITIONS, timestamp_field="feature_time"),
    )
    store.apply([user, view])
    return store, [f"vectors:{field.name}" for field in view.features]


store, features = open_store()
ibis.get_backend().raw_sql(f"SET threads = {THREADS}")
started = time.perf_counter()
spine = pd.read_csv(SPINE, engine="pyarrow")
spine["event_timestamp"] = pd.to_datetime(spine.pop("time"), format="ISO8601", utc=True)
answer = store.get_historical_features(entity_df=spine, features=features).to_arrow()
duckdb.sql(f"COPY answer TO '{OUT}' (FORMAT parquet, COMPRESSION zstd)")
print(json.dumps({"seconds": time.perf_counter() - started, "rows": answer.num_rows}))
