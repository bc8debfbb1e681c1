import { quoteLiteral, type ColumnArray, type ColumnType } from '../../duckdb';
import { MICROS_PER_DAY } from '../../instants';
import type { TileColumn, SourcePlan } from './accumulators';
import type { TileRows } from './tile-collector';
import type { FeatureSet } from '../feature-set';
import { momentOf, type Grid, type KnowledgeMicros } from './grid';
import { isOfType } from '../language/is-of-type';
import type { SourceTable } from '../language/feature-definition';
import { lastDayOf } from './needed-segments';
import { readSegments, type Segments } from '../segments';
import { readPiece, type SegmentPiece } from './segment-pieces';

/** Users by id, bytewise: from (inclusive) until (exclusive); an end that is absent is open. */
export interface UserRange {
  readonly from?: string;
  readonly until?: string;
}

const DAY = MICROS_PER_DAY.toString();

/**
 * SQL for `user_rows(u, user_id, plan, signup, since)`: the users visible at some moment of the
 * grid, numbered 0, 1, … in the order of their ids; `since` is the first moment that sees them.
 */
export function compileUsers(grid: Grid, segments: Segments): string {
  return `CREATE OR REPLACE TEMP TABLE user_rows AS
SELECT (row_number() OVER (ORDER BY user_id) - 1)::INTEGER AS u, user_id, plan, signup, since FROM (
  SELECT user_id, plan, e::DOUBLE AS signup, ${firstMomentThatSees(grid)}::INTEGER AS since FROM (
    SELECT user_id, plan, e, k, batch, ${dayIndex(grid, 0)} AS d FROM (
      SELECT user_id, plan, epoch_us(signup_time) AS e, epoch_us(ingested_at) AS k, batch
      FROM ${readSegments(segments('users', throughBatch(grid)))}
    )
  )
) WHERE since < ${grid.count} ORDER BY user_id`;
}

interface CompileOptions {
  readonly featureSet: FeatureSet;
  readonly plan: SourcePlan;
  readonly grid: Grid;
  /** Which rows of the raw log. */
  readonly piece: SegmentPiece;
  /** SQL for the hash that stands for a `user_id`. */
  readonly userHash: string;
  /** The earliest signup of a user, in epoch microseconds. */
  readonly firstSignup: number;
  /** Whose rows. */
  readonly range: UserRange;
}

/** A query for raw rows of a source, and how its columns are read. */
export interface TileQuery {
  readonly sql: string;
  readonly types: readonly (ColumnType | 'UBIGINT')[];
  readonly rowsOf: (columns: readonly ColumnArray[]) => TileRows;
}

/**
 * What the raw rows of a source add to tiles. In a window of W days a row of day d, the first moment
 * at or after it, is in force at the moments a ≤ i < d + W, where a ≥ d is the first that sees it; and
 * for a label of H days at d − H ≤ i < d. Rows of sessions that add nothing to the row before them
 * are left out.
 */
export function selectTileRows(options: CompileOptions): TileQuery {
  const { plan, grid } = options;
  const values = plan.columns.map((column, index) => {
    const sql = valueOf(column, grid);
    const name = `c${index}`;
    return { name, sql, type: column.type, addsWhere: addsWhere(column, { name, sql }) };
  });
  const columns: TileRowColumn[] = [
    { name: 'g', sql: 'g', type: 'UBIGINT', isKey: true },
    ...(plan.bySession ? [{ ...sessionColumn, isKey: true }] : []),
    ...(isSeenAtOnce(grid) ? [] : [{ ...arrivalColumn, isKey: true }]),
    // The difference is exact where a time as a DOUBLE would not be.
    { name: 't', sql: `(e - ${grid.first})::DOUBLE`, type: 'DOUBLE' },
    ...values,
  ];
  const named = [...columns, { name: 'day', sql: dayNumber(grid) }];
  const placed = `SELECT ${named.map(({ sql, name }) => `${sql} AS ${name}`).join(', ')}
    FROM (${placedRows(options)})`;
  const rows = plan.bySession ? withoutRepeats(placed, columns) : placed;
  const names = columns.map(({ name }) => name);
  const indexOf = (name: string) => names.indexOf(name);
  return {
    sql: `SELECT ${names.join(', ')} FROM (${rows})`,
    types: columns.map(({ type }) => type),
    rowsOf: (arrays) => ({
      user: arrays[indexOf('g')] as Int32Array,
      sinceFirst: arrays[indexOf('t')] as Float64Array,
      seenAt: arrays[indexOf('a')] as Int32Array | undefined,
      session: arrays[indexOf('h')] as Int32Array | undefined,
      values: arrays.slice(indexOf('t') + 1),
    }),
  };
}

interface TileRowColumn {
  readonly name: string;
  readonly sql: string;
  readonly type: ColumnType | 'UBIGINT';
  /** Whether rows that differ in it belong to different tiles. */
  readonly isKey?: boolean;
  /** SQL condition: the row changes the column, compared with the row before. */
  readonly addsWhere?: string;
}

const sessionColumn = { name: 'h', sql: 'hash(session_id)', type: 'UBIGINT' } as const;
const arrivalColumn = { name: 'a', sql: 'a', type: 'INTEGER' } as const;

const ALWAYS = 'true';

/**
 * SQL condition: the row changes the column, where the row before is of the same tile. Flags that are always 1 add
 * nothing. Of `latest` any row of the day will do: moments are whole days apart, so that the whole
 * days since two times of one day are the same; of `last-time` only the last will, wherever it comes.
 */
function addsWhere(
  { combine }: TileColumn,
  { name, sql }: { name: string; sql: string },
): string | undefined {
  if (sql === flagOf(ALWAYS) && combine !== 'last-time') return undefined;
  const addsAlways = combine === 'sum' || combine === 'last-time';
  return addsAlways ? `${name} <> 0` : `${name} > lag(${name}) OVER ()`;
}

/**
 * The rows but those of the same tile as the row before them to which they add nothing: of a session
 * on one day mostly all but one. Any order of rows gives the same tiles, that of segments the fewest
 * rows. DuckDB compares a row with the one before as they stream by, without sorting anything.
 */
function withoutRepeats(rows: string, columns: readonly TileRowColumn[]): string {
  const keys = ['day', ...columns.flatMap(({ name, isKey }) => (isKey ? name : []))];
  const differs = keys.map((name) => `${name} IS DISTINCT FROM lag(${name}) OVER ()`);
  const adds = columns.flatMap(({ addsWhere: condition }) => condition ?? []);
  return `FROM (${rows}) QUALIFY ${[...differs, ...adds].join(' OR ')}`;
}

function valueOf({ labelFlag, sql }: TileColumn, grid: Grid): string {
  if (labelFlag === undefined) return sql;
  const forLabel = isKnown(grid.label, latestKnowledge(grid));
  return flagOf(labelFlag === 'any' ? forLabel : `${forLabel} AND ${labelFlag}`);
}

function flagOf(condition: string): string {
  return `(${condition})::UTINYINT`;
}

/** The raw rows, with the moments that first see them where those are not the first after them. */
function placedRows(options: CompileOptions): string {
  const { plan, grid } = options;
  const rows = rawRows(options);
  if (isSeenAtOnce(grid)) return rows;
  const days = `SELECT *, ${dayIndex(grid, plan.windowDays)} AS d FROM (${rows})`;
  return `SELECT *, ${firstMomentThatSees(grid)} AS a FROM (${days})`;
}

/** Whether each moment knows all that is read, so that it sees what happened by then. */
function isSeenAtOnce(grid: Grid): boolean {
  const latest = latestKnowledge(grid);
  return grid.knowledge.every(({ at, batch }) => at === latest.at && batch === latest.batch);
}

/** The last batch that any moment of a grid, or its label, may know. */
export function throughBatch(grid: Grid): number {
  return latestKnowledge(grid).batch;
}

/** What some moment or the label knows: nothing else of the raw log is read. */
function latestKnowledge({ knowledge, label }: Grid): KnowledgeMicros {
  return [...knowledge, label].reduce((latest, { at, batch }) => ({
    at: at > latest.at ? at : latest.at,
    batch: Math.max(batch, latest.batch),
  }));
}

const rawColumns: Record<SourceTable, readonly string[]> = {
  user_events: ['session_id', 'event_type'],
  billing_events: ['event_type', 'amount_cents'],
  plan_changes: ['plan', 'latest_rank'],
};

/** SQL for the place of a plan change among the user's: the latest has the greatest. */
export const latestRank = 'row_number() OVER (PARTITION BY user_id ORDER BY event_time, change_id)';

function rawRows(options: CompileOptions): string {
  const { plan, piece, userHash } = options;
  const columns = rawColumns[plan.source]
    .map((column) => (column === 'latest_rank' ? `${latestRank} AS latest_rank` : column))
    .join(', ');
  return `SELECT ${userHash} AS g, ${columns},
    epoch_us(event_time) AS e, epoch_us(ingested_at) AS k, batch
    FROM ${readPiece(piece)} WHERE ${isNeeded(options)}`;
}

/**
 * Leaves out most rows that no moment and no label counts, by comparing columns with constants: that
 * is cheap, and Parquet's statistics rule whole segments out. What passes is still placed in time.
 */
function isNeeded(options: CompileOptions): string {
  const { featureSet, plan, grid, range } = options;
  const latest = latestKnowledge(grid);
  return [
    `event_time <= ${instant(grid, lastDayOf({ featureSet, plan, grid }))}`,
    `ingested_at <= make_timestamptz(${latest.at})`,
    `batch <= ${latest.batch}`,
    ...(isMostlyRecent(options) ? [] : [isRemembered(options)]),
    ...(range.from === undefined ? [] : [`user_id >= ${quoteLiteral(range.from)}`]),
    ...(range.until === undefined ? [] : [`user_id < ${quoteLiteral(range.until)}`]),
  ].join(' AND ');
}

function instant(grid: Grid, index: number): string {
  return `make_timestamptz(${momentOf(grid, index)})`;
}

/**
 * Whether so few rows can be old that looking for them costs more than they do: less than a fifth of
 * the time that the grid needs lies before its windows.
 */
function isMostlyRecent({ plan, grid, firstSignup }: CompileOptions): boolean {
  const floor = Number(momentOf(grid, -plan.windowDays));
  const span = Number(momentOf(grid, grid.count)) - firstSignup;
  return floor - firstSignup < span / 5;
}

/** Leaves out rows whose every window has passed, where nothing remembers them for ever. */
function isRemembered({ featureSet, plan, grid }: CompileOptions): string {
  const { features, state } = featureSet;
  const lasting = [
    ...features.filter(({ windowDays }) => windowDays === undefined),
    state.endedBy,
    ...state.resumedBy,
  ].filter(({ source }) => source === plan.source);
  const types = lasting.map(({ eventType }) => isOfType(eventType));
  return `(${[`event_time > ${instant(grid, -plan.windowDays)}`, ...types].join(' OR ')})`;
}

/** The index of the first moment at or after `e`, and −floor for all that are as old or older. */
function dayIndex(grid: Grid, floorDays: number): string {
  const shift = BigInt(floorDays) * MICROS_PER_DAY + MICROS_PER_DAY - 1n - grid.first;
  return `(greatest(e + ${shift}, 0) // ${DAY} - ${floorDays})::INTEGER`;
}

/** A number that rows of the same day share, and others do not, of days that any window has. */
function dayNumber(grid: Grid): string {
  const shift = 1_000_000n * MICROS_PER_DAY + MICROS_PER_DAY - 1n - grid.first;
  return `(e + ${shift}) // ${DAY}`;
}

/**
 * The first moment that sees a row of day `d`: not before `d`, and one that knows it; `count` when
 * no moment does. K and S never fall, so that once known is known.
 */
function firstMomentThatSees(grid: Grid): string {
  const { count, knowledge } = grid;
  const [only] = knowledge;
  const isOne = knowledge.every(({ at, batch }) => at === only?.at && batch === only.batch);
  if (isOne && only) {
    return `CASE WHEN ${isKnown(only)} THEN least(greatest(d, 0), ${count}) ELSE ${count} END`;
  }
  const ats = `[${knowledge.map(({ at }) => at).join(', ')}]`;
  const batches = `[${knowledge.map(({ batch }) => batch).join(', ')}]`;
  const soonest = 'greatest(d, 0) + 1';
  const later = `len(list_filter(${ats}, lambda x: x < k))`;
  const laterBatch = `len(list_filter(${batches}, lambda x: x < batch))`;
  // Most rows are known at the first moment after them; only the others are looked up.
  return `CASE WHEN d >= ${count} THEN ${count}
    WHEN k <= ${ats}[${soonest}] AND batch <= ${batches}[${soonest}] THEN greatest(d, 0)
    ELSE greatest(d, 0, ${later}, ${laterBatch})::INTEGER END`;
}

/** Whether the label, or a moment, knows a row; true where all rows are known by `latest`. */
function isKnown({ at, batch }: KnowledgeMicros, latest?: KnowledgeMicros): string {
  const isLatest = latest !== undefined && at >= latest.at && batch >= latest.batch;
  return isLatest ? ALWAYS : `(k <= ${at} AND batch <= ${batch})`;
}
