import { constants } from 'node:fs';
import { copyFile, open, truncate, appendFile } from 'node:fs/promises';
import {
  isList,
  readThriftStruct,
  thriftTypes,
  writeThriftStruct,
  type ThriftList,
  type ThriftStruct,
  type ThriftValue,
} from './thrift-compact';

/** How a column has to be read so that nothing of its times is lost; absent: DuckDB loses nothing. */
export type InexactTimes = 'nanos' | 'int96';

/** A Parquet file's footer: what its columns are, and where it begins in the file. */
export interface ParquetFooter {
  readonly metadata: ThriftStruct;
  readonly start: number;
}

const MAGIC_BYTES = 4;
const TAIL_BYTES = 8;

/** @throws RangeError when the file does not end in a footer that can be read. */
export async function readParquetFooter(file: string): Promise<ParquetFooter> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const read = async (from: number, length: number) => {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, from);
      return buffer.subarray(0, bytesRead);
    };
    if (size < MAGIC_BYTES + TAIL_BYTES) throw new RangeError('it is too short');
    const tail = await read(size - TAIL_BYTES, TAIL_BYTES);
    const start = size - TAIL_BYTES - tail.readUInt32LE(0);
    if (start < MAGIC_BYTES) throw new RangeError('its footer is longer than the file');
    return { metadata: readThriftStruct(await read(start, size - TAIL_BYTES - start)), start };
  } finally {
    await handle.close();
  }
}

/** Numbers of fields and types in Parquet's own definition, parquet.thrift. */
const fileFields = { schema: 2, rowGroups: 4 };
const elementFields = { type: 1, typeLength: 2, name: 4, children: 5, converted: 6, logical: 10 };
const chunkFields = { columns: 1, metadata: 3, type: 1, path: 3, statistics: 12 };
const TIMESTAMP_OF_LOGICAL_TYPE = 8;
const timestampFields = { isUtc: 1, unit: 2 };
const NANOS_OF_UNIT = 3;
const physicalTypes = { int96: 3n, fixedLengthBytes: 7n };
const INT96_BYTES = 12n;

/** Columns at the top of the schema whose times DuckDB would cut to microseconds. */
export function inexactTimes({ metadata }: ParquetFooter): Map<string, InexactTimes> {
  const found = new Map<string, InexactTimes>();
  for (const element of topElements(listOf(metadata, fileFields.schema))) {
    const kind = inexactKind(element);
    if (kind) found.set(textOf(fieldOf(element, elementFields.name)), kind);
  }
  return found;
}

function inexactKind(element: ThriftStruct): InexactTimes | undefined {
  if (fieldOf(element, elementFields.type) === physicalTypes.int96) return 'int96';
  const timestamp = structOf(structOf(element, elementFields.logical), TIMESTAMP_OF_LOGICAL_TYPE);
  const isNanos = fieldOf(structOf(timestamp, timestampFields.unit), NANOS_OF_UNIT) !== undefined;
  return isNanos && fieldOf(timestamp, timestampFields.isUtc) === true ? 'nanos' : undefined;
}

/**
 * Copies a Parquet file so that DuckDB reads the columns as what they are made of: `nanos` as BIGINT,
 * `int96` as BLOB. Only the footer differs: the copy shares the file's blocks where the file system can.
 */
export async function copyWithPlainTimes(
  source: { readonly file: string; readonly footer: ParquetFooter },
  columns: ReadonlyMap<string, InexactTimes>,
  copy: string,
): Promise<void> {
  const { file, footer } = source;
  await copyFile(file, copy, constants.COPYFILE_FICLONE);
  await truncate(copy, footer.start);
  const metadata = writeThriftStruct(withPlainTimes(footer.metadata, columns));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(metadata.length);
  await appendFile(copy, Buffer.concat([metadata, length, Buffer.from('PAR1')]));
}

function withPlainTimes(
  metadata: ThriftStruct,
  columns: ReadonlyMap<string, InexactTimes>,
): ThriftStruct {
  const top = new Set(topElements(listOf(metadata, fileFields.schema)));
  const schema = listOf(metadata, fileFields.schema).map((element) => {
    const kind = top.has(element) && columns.get(textOf(fieldOf(element, elementFields.name)));
    return kind ? plainElement(element, kind) : element;
  });
  const rowGroups = listOf(metadata, fileFields.rowGroups).map((group) =>
    withList(
      group,
      chunkFields.columns,
      listOf(group, chunkFields.columns).map((chunk) => plainChunk(chunk, columns)),
    ),
  );
  return withList(withList(metadata, fileFields.schema, schema), fileFields.rowGroups, rowGroups);
}

function plainElement(element: ThriftStruct, kind: InexactTimes): ThriftStruct {
  const { type, typeLength, converted, logical } = elementFields;
  const kept = element.filter(({ id }) => id !== converted && id !== logical);
  if (kind === 'nanos') return kept;
  return [
    { id: type, type: thriftTypes.i32, value: physicalTypes.fixedLengthBytes },
    { id: typeLength, type: thriftTypes.i32, value: INT96_BYTES },
    ...kept.filter(({ id }) => id !== type && id !== typeLength),
  ];
}

/** Statistics are of the former type, whose order is another. */
function plainChunk(chunk: ThriftStruct, columns: ReadonlyMap<string, InexactTimes>): ThriftStruct {
  const metadata = structOf(chunk, chunkFields.metadata);
  const path = fieldOf(metadata, chunkFields.path);
  const names = isList(path) ? path.values.map(textOf) : [];
  const kind = names.length === 1 ? columns.get(names[0]!) : undefined;
  if (kind === undefined) return chunk;
  const plain = metadata
    .filter(({ id }) => id !== chunkFields.statistics)
    .map((field) =>
      field.id === chunkFields.type && kind === 'int96'
        ? { ...field, value: physicalTypes.fixedLengthBytes }
        : field,
    );
  return chunk.map((field) =>
    field.id === chunkFields.metadata ? { ...field, value: plain } : field,
  );
}

/** The elements below the root; those below them are part of theirs. */
function* topElements(schema: readonly ThriftStruct[]): Generator<ThriftStruct> {
  for (let at = 1; at < schema.length; at = endOf(schema, at)) yield schema[at]!;
}

function endOf(schema: readonly ThriftStruct[], start: number): number {
  let open = 1;
  let at = start;
  for (; open > 0 && at < schema.length; at += 1) {
    open += Number(fieldOf(schema[at], elementFields.children) ?? 0n) - 1;
  }
  return at;
}

function fieldOf(struct: ThriftStruct | undefined, id: number): ThriftValue | undefined {
  return struct?.find((field) => field.id === id)?.value;
}

function structOf(struct: ThriftStruct, id: number): ThriftStruct {
  const value = fieldOf(struct, id);
  return Array.isArray(value) ? (value as ThriftStruct) : [];
}

function listOf(struct: ThriftStruct, id: number): readonly ThriftStruct[] {
  const value = fieldOf(struct, id);
  return isList(value) ? (value.values as readonly ThriftStruct[]) : [];
}

function withList(struct: ThriftStruct, id: number, values: ThriftList['values']): ThriftStruct {
  return struct.map((field) =>
    field.id === id && isList(field.value)
      ? { ...field, value: { of: field.value.of, values } }
      : field,
  );
}

function textOf(value: ThriftValue | undefined): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : '';
}
