import { quoteIdentifier, quoteLiteral, readParquet, type DuckDb } from '../../duckdb';
import { addDays, dateOf, type EpochMicros } from '../../instants';
import { cleanedRows, type PreparedTable } from '../load/prepare-load';
import { rawTables } from '../raw-tables';
import { clockChanges, type ClockChange } from './clock-changes';
import type { TimeColumn } from './constant-time';
import { FLOAT_ID, type IdColumn } from './float-ids';
import type { RowsAroundChange } from './local-time';
import type { EventDay } from './stray-last-event';

// Every query answers with a number of rows that does not grow with the load.

export async function countLogins(
  duckDb: DuckDb,
  events: string,
): Promise<{ rows: number; logins: number }> {
  const [row] = await duckDb.rows<{ rows: bigint; logins: bigint }>(
    `SELECT count(*) AS rows, count(*) FILTER (WHERE event_type = 'login') AS logins FROM ${events}`,
  );
  return { rows: Number(row!.rows), logins: Number(row!.logins) };
}

const PLANS_MAX = 1_000;

/** The commonest plans of several tables. */
export async function countPlans(
  duckDb: DuckDb,
  tables: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (tables.length === 0) return new Map();
  const all = tables.map((table) => `SELECT plan FROM ${table}`).join(' UNION ALL ');
  // `pro` first: however rare it is, it is there.
  const plans = await duckDb.rows<{ plan: string; rows: bigint }>(
    `SELECT plan, count(*) AS rows FROM (${all}) GROUP BY plan
     ORDER BY plan = 'pro' DESC, rows DESC, plan LIMIT ${PLANS_MAX}`,
  );
  return new Map(plans.map(({ plan, rows }) => [plan, Number(rows)]));
}

/** @param active  A table with the users that have events, each once; absent: none has. */
export async function countSilentUsers(
  duckDb: DuckDb,
  users: string,
  active: string | undefined,
): Promise<{ rows: number; withoutEvents: number }> {
  const isActive = active ? `user_id IN (SELECT user_id FROM ${active})` : 'false';
  const [row] = await duckDb.rows<{ rows: bigint; active: bigint }>(
    `SELECT count(*) AS rows, (SELECT count(*) FROM ${users} WHERE ${isActive}) AS active FROM ${users}`,
  );
  return { rows: Number(row!.rows), withoutEvents: Number(row!.rows - row!.active) };
}

/** Of a file of numbers the first rows look like the others. */
const IDS_MAX = 100_000;

export async function countFloatIds(
  duckDb: DuckDb,
  tables: readonly PreparedTable[],
): Promise<IdColumn[]> {
  const found: IdColumn[] = [];
  for (const prepared of tables) {
    const { table } = prepared;
    const ids = rawTables[table].columns.filter(({ kind }) => kind === 'id');
    const counts = ids.map(({ name }, index) => {
      const isFloat = `regexp_full_match(${quoteIdentifier(name)}, ${quoteLiteral(FLOAT_ID)})`;
      return `count(*) FILTER (WHERE ${isFloat}) AS "f${index}"`;
    });
    const [row] = await duckDb.rows<Record<string, bigint>>(
      `SELECT count(*) AS rows, ${counts.join(', ')} FROM (
        SELECT * FROM ${cleanedRows(prepared)} WHERE "reason" IS NULL LIMIT ${IDS_MAX})`,
    );
    found.push(
      ...ids.map(({ name }, index) => ({
        table,
        column: name,
        rows: Number(row!.rows),
        floats: Number(row![`f${index}`]),
      })),
    );
  }
  return found;
}

export async function findConstantTimes(
  duckDb: DuckDb,
  tables: readonly PreparedTable[],
): Promise<TimeColumn[]> {
  const found: TimeColumn[] = [];
  for (const prepared of tables) {
    const { table } = prepared;
    const { timeColumn: column } = rawTables[table];
    const [row] = await duckDb.rows<{ rows: bigint; same: boolean | null }>(
      `SELECT count(*) AS rows, min(${column}) = max(${column}) AS same
       FROM ${cleanedRows(prepared)} WHERE "reason" IS NULL`,
    );
    found.push({ table, column, rows: Number(row!.rows), isConstant: row!.same === true });
  }
  return found;
}

/** Rows of files of attributes that say nothing. */
export async function countAbsentValues(
  duckDb: DuckDb,
  tables: readonly PreparedTable[],
): Promise<number> {
  const attributes = tables.find(({ table }) => table === 'user_attributes');
  const files = attributes?.parts.filter(({ attributesOf }) => attributesOf === undefined) ?? [];
  if (files.length === 0) return 0;
  const [row] = await duckDb.rows<{ rows: bigint }>(
    `SELECT count(*) AS rows FROM ${readParquet(files.flatMap((part) => part.files))}
     WHERE "reason" IS NULL AND value IS NULL`,
  );
  return Number(row!.rows);
}

const DAYS_MAX = 5_000;

/** The latest days that have events, ascending, and the rows of all days. */
export async function listEventDays(
  duckDb: DuckDb,
  events: string,
): Promise<{ days: EventDay[]; rows: number }> {
  const days = await duckDb.rows<{
    rows: bigint;
    first: EpochMicros;
    last: EpochMicros;
    total: bigint;
  }>(
    `SELECT count(*) AS rows, epoch_us(min(event_time)) AS first, epoch_us(max(event_time)) AS last,
       CAST(sum(count(*)) OVER () AS BIGINT) AS total
     FROM ${events} GROUP BY CAST(event_time AS DATE) ORDER BY first DESC LIMIT ${DAYS_MAX}`,
  );
  return {
    days: days.reverse().map(({ rows, first, last }) => ({ rows: Number(rows), first, last })),
    rows: Number(days[0]?.total ?? 0n),
  };
}

const YEARS_MAX = 3;

/** The events around the changes of clocks of the last years that have events. */
export async function listRowsAroundChanges(
  duckDb: DuckDb,
  events: string,
  days: readonly EventDay[],
): Promise<RowsAroundChange[]> {
  const changes = recentChanges(days);
  if (changes.length === 0) return [];
  const dates = changes.flatMap(({ date }) =>
    datesAround(date).map((day) => `DATE ${quoteLiteral(day)}`),
  );
  const counts = await duckDb.rows<{ date: string; hour: number; rows: bigint }>(
    `SELECT strftime(event_time, '%Y-%m-%d') AS date, CAST(hour(event_time) AS INTEGER) AS hour,
       count(*) AS rows
     FROM ${events} WHERE CAST(event_time AS DATE) IN (${[...new Set(dates)].join(', ')})
     GROUP BY ALL`,
  );
  const hours = (wanted: readonly string[]) => {
    const rows = Array.from({ length: 24 }, () => 0);
    for (const count of counts) {
      if (wanted.includes(count.date)) rows[count.hour] = rows[count.hour]! + Number(count.rows);
    }
    return rows;
  };
  return changes.map((change) => {
    const around = datesAround(change.date);
    return {
      change,
      before: hours(around.slice(0, 7)),
      onTheDay: hours(around.slice(7, 8)),
      after: hours(around.slice(8)),
    };
  });
}

/** The seven days before a date, the date, and the seven after it. */
function datesAround(date: string): string[] {
  return Array.from({ length: 15 }, (_, index) => addDays(date, index - 7));
}

function recentChanges(days: readonly EventDay[]): ClockChange[] {
  const years = days.map(({ first }) => Number(dateOf(first).slice(0, 4)));
  const latest = [...new Set(years)].slice(-YEARS_MAX);
  const present = new Set(days.map(({ first }) => dateOf(first)));
  return latest
    .flatMap((year) => clockChanges(year))
    .filter(({ date }) => present.has(date) && present.has(addDays(date, -7)));
}
