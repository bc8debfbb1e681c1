"""Reads an offline store as its users in Python would, and prints what they get as JSON.

usage: read_store.py DATA_DIR

Each reader opens the current partitions by hive discovery, and every file of
feature_revisions alone.
Instants are printed as whole microseconds since 1970; doubles are printed so that they come back
as the same double.
"""

import glob
import json
import os
import sys

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq


def by_pyarrow(root, files):
    dataset = ds.dataset(f"{root}/features", format="parquet", partitioning="hive")
    document = of_arrow(dataset.to_table(filter=(ds.field("year") == 2024)))
    document["files"] = sorted(name(root, file) for file in dataset.files)
    document["in_february"] = dataset.count_rows(filter=ds.field("month") == 2)
    document["alone"] = {name(root, file): of_arrow(pq.ParquetFile(file).read()) for file in files}
    return document


def of_arrow(table):
    schema = {
        field.name: {"type": str(field.type), "nullable": field.nullable}
        for field in table.schema
    }
    columns = {}
    for field in table.schema:
        column = table.column(field.name)
        if pa.types.is_timestamp(field.type):
            column = column.cast(pa.int64())
        columns[field.name] = column.to_pylist()
    return {"schema": schema, "rows": rows_of(columns)}


def by_pandas(root, files):
    folder = f"{root}/features"
    document = of_pandas(pd.read_parquet(folder, engine="pyarrow"))
    # A filter on a partition key: pandas hands it to pyarrow, which opens those folders alone.
    february = pd.read_parquet(folder, engine="pyarrow", filters=[("month", "==", 2)])
    document["in_february"] = len(february)
    found = glob.glob(f"{folder}/**/*.parquet", recursive=True)
    document["by_glob"] = sorted(name(root, file) for file in found)
    document["alone"] = {
        name(root, file): of_pandas(pd.read_parquet(file, engine="pyarrow", partitioning=None))
        for file in files
    }
    return document


def of_pandas(frame):
    schema = {column: {"type": str(frame[column].dtype)} for column in frame.columns}
    columns = {}
    for column in frame.columns:
        series = frame[column]
        if isinstance(series.dtype, pd.DatetimeTZDtype):
            series = series.dt.as_unit("us").astype("int64")
        values = series.tolist()
        columns[column] = [None if value is None or value is pd.NA else value for value in values]
    return {"schema": schema, "rows": rows_of(columns)}


def by_polars(root, files):
    scan = pl.scan_parquet(f"{root}/features/year=*/month=*/day=*.parquet", hive_partitioning=True)
    document = of_polars(scan.collect())
    document["in_february"] = scan.filter(pl.col("month") == 2).collect().height
    document["alone"] = {
        name(root, file): of_polars(pl.read_parquet(file, hive_partitioning=False))
        for file in files
    }
    return document


def of_polars(frame):
    schema = {column: {"type": str(dtype)} for column, dtype in frame.schema.items()}
    columns = {}
    for column, dtype in frame.schema.items():
        series = frame.get_column(column)
        if isinstance(dtype, pl.Datetime):
            series = series.dt.epoch("us")
        columns[column] = series.to_list()
    return {"schema": schema, "rows": rows_of(columns)}


def rows_of(columns):
    names = list(columns)
    return [dict(zip(names, values)) for values in zip(*columns.values())]


def name(root, file):
    return os.path.relpath(file, root)


def main():
    root = sys.argv[1]
    files = sorted(glob.glob(f"{root}/feature_revisions/year=*/month=*/day=*/*.parquet"))
    files += sorted(glob.glob(f"{root}/features/year=*/month=*/day=*.parquet"))
    document = {
        "pyarrow": by_pyarrow(root, files),
        "pandas": by_pandas(root, files),
        "polars": by_polars(root, files),
    }
    # Refuses NaN: it is in no file of the store.
    json.dump(document, sys.stdout, allow_nan=False)


if __name__ == "__main__":
    main()
