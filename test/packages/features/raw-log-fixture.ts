import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../../packages/duckdb/quote-sql';
import type { Segments } from '../../../packages/features/segments';
import { featureSet, type FeatureSet } from '../../../packages/features/feature-set';
import type { RawTables } from '../../support/oracle';
import type { TimelineFiles } from '../../../packages/features/history/timelines';
import { latestArrival, writeTimelines } from '../../../packages/features/history/write-timelines';

type Table = Parameters<Segments>[0];

const tables: readonly Table[] = ['users', 'plan_changes', 'user_events', 'billing_events'];

type Value = string | bigint | null;

/** A row of whichever table; only the fields of that table are there. */
type AnyRow = Readonly<Record<Field, Value>> & { readonly batch: number };
type Field =
  | 'userId'
  | 'signupTime'
  | 'plan'
  | 'changeId'
  | 'sessionId'
  | 'eventType'
  | 'amountCents'
  | 'eventTime'
  | 'ingestedAt';

/** A column of a segment: its type, and its value in a row of RawTables. */
type Column = readonly [
  type: 'VARCHAR' | 'BIGINT' | 'TIMESTAMPTZ',
  valueOf: (row: AnyRow, eventId: string) => Value,
];

const eventTime: Column = ['TIMESTAMPTZ', (row) => row.eventTime];
const userId: Column = ['VARCHAR', (row) => row.userId];

const columns: Record<Table, Readonly<Record<string, Column>>> = {
  users: {
    user_id: userId,
    signup_time: ['TIMESTAMPTZ', (row) => row.signupTime],
    plan: ['VARCHAR', (row) => row.plan],
    country: ['VARCHAR', () => null],
  },
  plan_changes: {
    change_id: ['VARCHAR', (row) => row.changeId],
    user_id: userId,
    plan: ['VARCHAR', (row) => row.plan],
    event_time: eventTime,
  },
  user_events: {
    event_id: ['VARCHAR', (_, eventId) => eventId],
    user_id: userId,
    session_id: ['VARCHAR', (row) => row.sessionId],
    event_type: ['VARCHAR', (row) => row.eventType],
    event_time: eventTime,
  },
  billing_events: {
    event_id: ['VARCHAR', (_, eventId) => eventId],
    user_id: userId,
    event_type: ['VARCHAR', (row) => row.eventType],
    amount_cents: ['BIGINT', (row) => row.amountCents],
    currency: ['VARCHAR', () => 'USD'],
    event_time: eventTime,
  },
};

/**
 * Writes raw tables as the raw log's segments (one per batch and table; of batch 1 always) and says
 * where they are. Not encoded as the product does: with few rows that takes four times as long.
 */
export async function writeRawLog(
  duckDb: DuckDb,
  directory: string,
  raw: RawTables,
): Promise<Segments> {
  const batches = [
    ...new Set([
      1,
      ...Object.values(raw)
        .flat()
        .map((row) => row.batch),
    ]),
  ].sort((a, b) => a - b);
  for (const batch of batches) {
    mkdirSync(segmentDirectory(directory, batch), { recursive: true });
    for (const table of tables) {
      const file = path.join(segmentDirectory(directory, batch), `${table}.parquet`);
      await writeSegment(duckDb, file, { table, batch, rows: rowsOf(raw, table) });
    }
  }
  return (table, throughBatch) =>
    batches
      .filter((batch) => batch <= throughBatch)
      .map((batch) => ({
        file: path.join(segmentDirectory(directory, batch), `${table}.parquet`),
        firstBatch: batch,
        lastBatch: batch,
      }));
}

interface BatchOfTable {
  readonly table: Table;
  readonly batch: number;
  /** Of all batches. */
  readonly rows: readonly AnyRow[];
}

/** Those without rows are the same for each batch; random worlds have many. */
const emptySegments = new Map<Table, Buffer>();

async function writeSegment(
  duckDb: DuckDb,
  file: string,
  { table, batch, rows }: BatchOfTable,
): Promise<void> {
  const ofBatch = rows.filter((row) => row.batch === batch);
  const empty = ofBatch.length === 0 ? emptySegments.get(table) : undefined;
  if (empty) {
    writeFileSync(file, empty);
    return;
  }
  await duckDb.run(
    `COPY (${rowsAsSql(ofBatch, table, batch)}) TO ${quoteLiteral(file)} (FORMAT parquet)`,
  );
  if (ofBatch.length === 0) emptySegments.set(table, readFileSync(file));
}

/** Writes the timelines of a raw log's batches, as the product does. */
export async function writeTestTimelines(
  duckDb: DuckDb,
  segments: Segments,
  { features = featureSet, batch = Number.MAX_SAFE_INTEGER, ...sizes }: TestTimelines = {},
): Promise<TimelineFiles> {
  const [ofUsers] = segments('users', batch);
  const folder = mkdtempSync(path.join(path.dirname(path.dirname(ofUsers!.file)), 'timelines-'));
  const fileOf = (part: number) => path.join(folder, `${part}.lists`);
  const options = { featureSet: features, segments, batch };
  const lastArrival = await latestArrival(duckDb, options);
  return writeTimelines(duckDb, { ...options, lastArrival, fileOf, ...sizes });
}

interface TestTimelines {
  readonly features?: FeatureSet;
  readonly batch?: number;
  readonly part?: { readonly users: number; readonly values: number };
  readonly rowsPerPass?: number;
}

function segmentDirectory(directory: string, batch: number): string {
  return path.join(directory, 'raw_log', `batch=${String(batch).padStart(6, '0')}`);
}

/** One list of constants: a SELECT for each row takes several times as long to plan. */
function rowsAsSql(ofBatch: readonly AnyRow[], table: Table, batch: number): string {
  const ofTable = Object.entries(columns[table]);
  const rows = ofBatch.map((row, index) => {
    const values = ofTable.map(([, [, valueOf]]) => valueOf(row, `e${batch}-${index}`));
    return `(${[...values, row.ingestedAt].map(asConstant).join()})`;
  });
  const names = [...ofTable.map(([name]) => name), 'ingested_at'];
  const none = `(${names.map(() => 'NULL').join()})`;
  const typed = ofTable.map(([name, [type]]) =>
    type === 'TIMESTAMPTZ'
      ? `make_timestamptz(${name}::BIGINT) AS ${name}`
      : `${name}::${type} AS ${name}`,
  );
  return `SELECT ${typed.join()}, make_timestamptz(ingested_at::BIGINT) AS ingested_at, ${batch} AS batch${propertiesAsSql(table, batch)}
    FROM (VALUES ${rows.length > 0 ? rows.join() : none}) AS v(${names.join()})
    ${rows.length > 0 ? '' : 'WHERE false'}
    ORDER BY user_id, ${table === 'users' ? 'signup_time' : 'event_time'}`;
}

/**
 * Features must not read properties, which would cost every query of the log: segments of even batches
 * lack the column, as those of earlier releases do, so that reading it fails wherever both are read.
 */
function propertiesAsSql(table: Table, batch: number): string {
  const hasProperties = table === 'user_events' || table === 'billing_events';
  return hasProperties && batch % 2 === 1 ? `, '{"a":true}' AS properties` : '';
}

function asConstant(value: Value): string {
  return typeof value === 'string' ? quoteLiteral(value) : String(value ?? 'NULL');
}

function rowsOf(raw: RawTables, table: Table): AnyRow[] {
  const rows = {
    users: raw.users,
    plan_changes: raw.planChanges,
    user_events: raw.userEvents,
    billing_events: raw.billingEvents,
  }[table];
  return rows as unknown as AnyRow[];
}
