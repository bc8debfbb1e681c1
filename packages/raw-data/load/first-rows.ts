import { quoteIdentifier, type DuckDb } from '../../duckdb';
import { perTable, rawTables, type PerTable, type RawTable } from '../raw-tables';
import { firstOfUsers } from './attribute-columns';
import { cleanedRows, type PreparedTable } from './prepare-load';

/** Texts by column; null is an empty column, and as `ingested_at` means that the row arrives with the load. */
export type FirstRow = Readonly<Record<string, string | null>>;

const ROWS_MAX = 5;

/**
 * The first rows without a fault of each table, as they would be stored: times in UTC, minor units.
 * What columns of known users say is left out: from when on it holds is decided by the load.
 */
export async function readFirstRows(
  duckDb: DuckDb,
  tables: readonly PreparedTable[],
  { isFirstLoad }: { isFirstLoad: boolean },
): Promise<PerTable<readonly FirstRow[]>> {
  const found = perTable((): readonly FirstRow[] => []);
  for (const prepared of tables) {
    found[prepared.table] = await firstRowsOf(duckDb, prepared, isFirstLoad);
  }
  return found;
}

function firstRowsOf(
  duckDb: DuckDb,
  prepared: PreparedTable,
  isFirstLoad: boolean,
): Promise<FirstRow[]> {
  const ofUsers = isFirstLoad ? undefined : firstOfUsers(prepared);
  const isShown = ofUsers ? `AND "row" <= ${ofUsers.rowsBefore}` : '';
  // Attributes of a file and of columns come from several files, which are read side by side.
  const order = prepared.table === 'user_attributes' ? 'ORDER BY "row"' : '';
  return duckDb.rows<FirstRow>(`SELECT ${shownColumns(prepared.table).join(', ')}
    FROM ${cleanedRows(prepared)} WHERE "reason" IS NULL ${isShown} ${order} LIMIT ${ROWS_MAX}`);
}

function shownColumns(table: RawTable): string[] {
  const { columns, timeColumn } = rawTables[table];
  return [...columns.map(({ name }) => name), 'ingested_at'].map((name) => {
    const identifier = quoteIdentifier(name);
    const isTime = name === timeColumn || name === 'ingested_at';
    const text = isTime
      ? `strftime(${identifier}, '%Y-%m-%dT%H:%M:%S.%fZ')`
      : `CAST(${identifier} AS VARCHAR)`;
    return `${text} AS ${identifier}`;
  });
}
