import path from 'node:path';
import { isChurnError } from '../../../packages/contracts';
import { saidByDuckDb, type DuckDb } from '../../../packages/duckdb';
import { cleanRowsSql, type CleaningRules } from '../../../packages/raw-data/load/clean-rows-sql';
import { readDeclarations } from '../../../packages/raw-data/properties/declared-properties';
import { inferTypes } from '../../../packages/raw-data/properties/infer-types';
import { rawTables, type RawTable } from '../../../packages/raw-data/raw-tables';
import { findSourceFiles } from '../../../packages/raw-data/sources/find-source-files';
import { settleTimes } from '../../../packages/raw-data/values/settle-times';

/** A row as both readers say it: its values as texts, times in epoch microseconds; or why not. */
export type ReadRow =
  { readonly reason: string } | { readonly values: Readonly<Record<string, string | null>> };

/** What a reader finds in a file: why it is refused, or its rows in order. */
export type ReadFile = { readonly refused: string } | { readonly rows: readonly ReadRow[] };

/** What an import of a folder makes of a table's file, before anything known is compared with it. */
export async function readAsProduct(
  duckDb: DuckDb,
  source: { folder: string; table: RawTable; scratch: string },
  rules: CleaningRules,
): Promise<ReadFile> {
  const { folder, table, scratch } = source;
  try {
    const sources = await findSourceFiles(duckDb, {
      folder,
      scratch,
      needsUsers: true,
      readDeclarations,
    });
    const found = sources.files.find((file) => file.table === table)!;
    const types = await inferTypes(duckDb, [found], [...found.properties.keys()]);
    for (const { property, type } of sources.declared) if (type) types.set(property, type);
    const properties = new Map([[table, types]]);
    const settled = await settleTimes(duckDb, found, path.join(scratch, 'exact.parquet'));
    const times = [rawTables[table].timeColumn, 'ingested_at'];
    const micros = times.map((name) => `epoch_us("${name}") AS "${name}"`).join(', ');
    const rows = await duckDb.rows<Record<string, string | bigint | null>>(
      `SELECT * REPLACE (${micros}) FROM (${cleanRowsSql(settled, { ...rules, properties })})`,
    );
    return { rows: rows.map(asReadRow) };
  } catch (error) {
    if (isChurnError(error)) return { refused: error.message };
    const said = saidByDuckDb(error);
    if (said === undefined) throw error;
    // `prepareLoad` refuses the file, in other words.
    return { refused: said };
  }
}

function asReadRow({
  row: _,
  reason,
  faulty_property: __,
  ...columns
}: Record<string, string | bigint | null>): ReadRow {
  if (reason != null) return { reason: String(reason) };
  const texts = Object.entries(columns).map(([name, value]) => [
    name,
    value === null ? null : String(value),
  ]);
  return { values: Object.fromEntries(texts) as Record<string, string | null> };
}

/** What differs from the independent reader, a line each; refusals are alike in whatever words. */
export function differencesOf(expected: ReadFile, found: ReadFile): string[] {
  if ('refused' in expected || 'refused' in found) {
    const [want, is] = [expected, found].map((file) => ('refused' in file ? file.refused : ''));
    return (want === '') === (is === '') ? [] : [`refused: "${is}" instead of "${want}"`];
  }
  if (expected.rows.length !== found.rows.length) {
    return [`${found.rows.length} rows instead of ${expected.rows.length}`];
  }
  return expected.rows.flatMap((row, index) => {
    const [want, is] = [row, found.rows[index]!].map(inOrder);
    return want === is ? [] : [`row ${index}: ${is} instead of ${want}`];
  });
}

function inOrder(row: ReadRow): string {
  return 'reason' in row ? row.reason : JSON.stringify(Object.entries(row.values).sort());
}
