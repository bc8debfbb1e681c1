"""How a table of texts is written: each encoding takes rows, and writes a file."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq


def csv(delimiter=",", end="\n", quote=False, encoding="utf-8", before="", pad="", last=True):
    def field(text):
        text = "" if text is None else f"{pad}{text}"
        if quote or any(c in text for c in f'{delimiter}"\r\n'):
            return '"' + text.replace('"', '""') + '"'
        return text

    def write(rows, path):
        lines = [list(rows[0]), *(row.values() for row in rows)]
        text = end.join(delimiter.join(map(field, line)) for line in lines) + (end if last else "")
        put(path, (before + text).encode(encoding))

    return write


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


def packed(write, pack):
    def write_packed(rows, path):
        write(rows, path)
        put(path, pack(open(path, "rb").read()))

    return write_packed


def zstd(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def json_lines(rows, path):
    put(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def json_array(rows, path):
    put(path, json.dumps([{k: v for k, v in row.items() if v is not None} for row in rows]).encode())


def parquet(type_, **options):
    def write(rows, path):
        table = pa.table({name: pa.array([r[name] for r in rows], pa.string()) for name in rows[0]})
        table = pa.table({name: table[name].cast(pa.string()).cast(type_) for name in rows[0]})
        pq.write_table(table, path, **options)

    return write


def dictionary(rows, path):
    table = pa.table({name: pa.array([r[name] for r in rows], pa.string()) for name in rows[0]})
    pq.write_table(pa.table({c: table[c].dictionary_encode() for c in table.column_names}), path)


ENCODINGS = {
    "comma.csv": csv(),
    "semicolon.csv": csv(";", "\r\n", before="\ufeff"),
    "tab.tsv": csv("\t", quote=True),
    "bar.txt": csv("|", last=False),
    "sep.csv": csv(";", "\r\n", before="sep=;\r\n"),
    "return.csv": csv(end="\r", quote=True),
    "windows text mode.csv": csv(end="\r\r\n"),
    "blank after comma.csv": csv(pad=" "),
    "utf-16.csv": csv("\t", "\r\n", encoding="utf-16-le", before="\ufeff"),
    "utf-16be.csv": csv(encoding="utf-16-be", before="\ufeff"),
    "gzip.csv.gz": packed(csv(), gzip.compress),
    "zstd.csv.zst": packed(csv(quote=True), zstd),
    "lines.jsonl": json_lines,
    "array.json.gz": packed(json_array, gzip.compress),
    "text.parquet": parquet(pa.string()),
    "large text.parquet": parquet(pa.large_string(), compression="zstd", data_page_version="2.0"),
    "dictionary.parquet": dictionary,
}
