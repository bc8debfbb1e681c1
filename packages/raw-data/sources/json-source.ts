import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { quoteFile, quoteIdentifier, quoteLiteral, saidByDuckDb, type DuckDb } from '../../duckdb';
import type { ImportTable } from '../raw-tables';
import { missingColumns, type ChooseColumns, type OfferedColumn } from './choose-columns';
import type { ListedFile } from './list-import-folder';
import { MAY_HOLD_INEXACT_NUMBER, quoteInexactNumbers } from './text/exact-numbers';
import { openText, type PlainText } from './text/plain-text';
import { refuse } from './refuse-import';
import type { FileCompression, SourceFile } from './source-file';
import { unpackFile } from './text/unpack-file';

/**
 * A file of JSON lines, or of one array of objects, each an object with the columns as its keys. All
 * of them are read twice: a key may come for the first time in the last line.
 */
export async function describeJson(
  duckDb: DuckDb,
  file: { listed: ListedFile; compression: FileCompression; rewritten: string },
  choose: ChooseColumns,
): Promise<SourceFile<ImportTable>> {
  const { listed, compression, rewritten } = file;
  const { table, label } = listed;
  const text = await openText({ ...listed, format: 'json' }, compression, rewritten);
  const layout = await layoutOf(text);
  // DuckDB takes an array without its end for a shorter one.
  if (layout === 'array' && text.lastCharacter !== ']') {
    throw refuse(`${label} is cut off: its array has no end`);
  }
  const parameters = jsonParameters(text, layout);
  const { keys, isInexact } = await keysOf(duckDb, parameters).catch(async (error: unknown) => {
    if (saidByDuckDb(error) === undefined) throw error;
    const line = layout === 'array' ? null : await findMalformedLine(text);
    const where = line === null ? '' : ` at line ${line}`;
    throw refuse(
      `${label} is malformed${where} (neither JSON lines nor an array of objects)`,
      error,
    );
  });
  if (keys.length === 0 && (await isEmpty(duckDb, parameters)))
    return emptyFile(listed, compression, choose);
  if (keys.some((key) => key.includes('\0'))) {
    throw refuse(`${label} has a key with a NUL character; rename it`);
  }
  const chosen = choose(offeredBy(keys));
  const { columns, properties, attributes } = chosen;
  const used = [columns, properties, attributes].flatMap((of) => [...of.values()]);
  const names = used.map(({ identifier }) => identifier);
  const read = isInexact ? await withExactNumbers(text, rewritten) : text;
  return {
    table,
    label,
    format: 'json',
    compression,
    relation: jsonRelation(jsonParameters(read, layout), names),
    readsFrom: read.file,
    ...(layout === 'newline_delimited' ? { rowsAbout: text.lines } : {}),
    ...chosen,
  };
}

type Layout = 'array' | 'newline_delimited';

function jsonParameters({ file, compression }: PlainText, layout: Layout): string {
  return `${quoteFile(file)}, format = '${layout}', hive_partitioning = false,
    compression = '${compression === 'none' ? 'uncompressed' : compression}'`;
}

async function withExactNumbers(text: PlainText, rewritten: string): Promise<PlainText> {
  const file = `${rewritten}.numbers`;
  const bytes = unpackFile(text.file, text.compression);
  await pipeline(quoteInexactNumbers(bytes), createWriteStream(file));
  return { ...text, file, compression: 'none' };
}

async function layoutOf({ file, compression }: PlainText): Promise<Layout> {
  for await (const chunk of unpackFile(file, compression)) {
    const start = chunk.toString('latin1').trimStart();
    if (start !== '') return start.startsWith('[') ? 'array' : 'newline_delimited';
  }
  return 'newline_delimited';
}

/** The keys of all objects, and whether a number in them may not be what DuckDB takes it for. */
async function keysOf(
  duckDb: DuckDb,
  parameters: string,
): Promise<{ keys: string[]; isInexact: boolean }> {
  const rows = await duckDb.rows<{ key: string; inexact: boolean }>(
    `SELECT DISTINCT unnest(json_keys(json)) AS key,
       regexp_matches(json::VARCHAR, ${quoteLiteral(MAY_HOLD_INEXACT_NUMBER)}) AS inexact
     FROM read_json_objects(${parameters})`,
  );
  const keys = [...new Set(rows.map(({ key }) => key))];
  return {
    keys: keys.sort((left, right) => (left < right ? -1 : 1)),
    isInexact: rows.some(({ inexact }) => inexact),
  };
}

async function isEmpty(duckDb: DuckDb, parameters: string): Promise<boolean> {
  const rows = await duckDb.rows(`FROM read_json_objects(${parameters}) LIMIT 1`);
  return rows.length === 0;
}

/** No line is no row: a quiet period's export, which has no column to be missed. */
function emptyFile(
  { table, label }: ListedFile,
  compression: FileCompression,
  choose: ChooseColumns,
): SourceFile<ImportTable> {
  const names = missingColumns(table, []);
  const chosen = choose(offeredBy(names));
  const values = names.map((name) => `CAST(NULL AS VARCHAR) AS ${quoteIdentifier(name)}`);
  const relation = `(SELECT ${values.join(', ')} WHERE false)`;
  return { table, label, format: 'json', compression, relation, ...chosen };
}

function offeredBy(keys: readonly string[]): OfferedColumn[] {
  return keys.map((key) => ({ name: key.trim(), identifier: quoteIdentifier(key), times: 'text' }));
}

/** What a nested value begins with: no id, name, amount or time does, so that its row is rejected. */
const NESTED_MARK = '\uE000';

/** Every column as text: what a string says, what a number or truth value is written as. */
function jsonRelation(parameters: string, identifiers: readonly string[]): string {
  const types = identifiers.map((name) => `${quoteLiteral(unquote(name))}: 'JSON'`);
  const texts = identifiers.map(
    (
      name,
    ) => `CASE WHEN json_type(${name}) IN ('OBJECT', 'ARRAY') THEN ${quoteLiteral(NESTED_MARK)} || ${name}
      ELSE ${name} ->> '$' END AS ${name}`,
  );
  return `(SELECT ${texts.join(', ')} FROM read_json(${parameters}, auto_detect = false,
    records = 'true', columns = {${types.join(', ')}}))`;
}

function unquote(identifier: string): string {
  return identifier.slice(1, -1).replaceAll('""', '"');
}

/** The number, from 1, of the first line that is no JSON; null where every line is. */
async function findMalformedLine({ file, compression }: PlainText): Promise<number | null> {
  let number = 0;
  let open = '';
  const decoder = new TextDecoder();
  for await (const chunk of unpackFile(file, compression)) {
    const lines = (open + decoder.decode(chunk, { stream: true })).split('\n');
    open = lines.pop()!;
    for (const line of lines) {
      number += 1;
      if (!isJson(line)) return number;
    }
  }
  return isJson(open) ? null : number + 1;
}

function isJson(line: string): boolean {
  if (line.trim() === '') return true;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
