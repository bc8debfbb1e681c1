import { quoteLiteral, readParquet } from '../duckdb';
import { MICROS_PER_DAY, type EpochMicros } from '../instants';
import type { FeatureSet } from './feature-set';
import { momentOf, validateGrid, type Grid } from './grid';
import type { FeatureDefinition, SourceTable } from './language';

type RawTable = 'users' | SourceTable;

/** The raw log's files of a table, of batches up to one, in batch order. */
export type SegmentFiles = (table: RawTable, throughBatch: number) => readonly string[];

interface CompileOptions {
  readonly grid: Grid;
  readonly segments: SegmentFiles;
  /** Only this user; absent: every user. */
  readonly userId?: string;
}

/** A statement, and the raw table it reads from the raw log, if any. */
export interface CompiledStatement {
  readonly sql: string;
  readonly scans?: RawTable;
}

/** Which temporary table the compiled statements leave the vectors in. */
export const vectorTable = 'vectors';

const DAY = MICROS_PER_DAY.toString();

/**
 * SQL that computes every vector of a grid into the temporary table `vectors(i, <columns>)`.
 *
 * The idea: every raw row is in force for one interval of moments, from the first T_i that is not
 * before it and knows it, until its window has passed. Intervals become +1/−1 deltas per user and
 * moment, and running sums over each user's deltas are the features: O(events + users × moments).
 * Each raw table is scanned once, whatever the number of moments.
 */
export function compileVectors(
  featureSet: FeatureSet,
  options: CompileOptions,
): CompiledStatement[] {
  const grid = validateGrid(options.grid);
  const compiler = { ...options, featureSet, grid };
  return [
    { sql: userRows(compiler), scans: 'users' },
    ...sourcesOf(featureSet).map((source) => ({
      sql: sourceRows(compiler, source),
      scans: source,
    })),
    { sql: deltas(compiler) },
    { sql: vectors(compiler) },
  ];
}

interface Compiler extends CompileOptions {
  readonly featureSet: FeatureSet;
}

function sourcesOf({ features, label }: FeatureSet): SourceTable[] {
  const sources = [
    ...features.map((feature) => feature.source),
    label.silentIn,
    label.cancelledBy.source,
  ];
  return [...new Set(sources)];
}

/** The index of the first moment at or after an instant: 0 … count. */
function firstMomentAtOrAfter(grid: Grid, micros: string): string {
  const ceiling = `(${micros} - ${grid.first} + ${DAY} - 1) // ${DAY}`;
  return `least(${grid.count}, greatest(0, ${ceiling}))::INTEGER`;
}

/** The index of the first moment that knows a row. */
function firstMomentThatKnows(grid: Grid): string {
  const [only] = grid.knowledge;
  const isOne = grid.knowledge.every(({ at, batch }) => at === only?.at && batch === only.batch);
  if (isOne && only) {
    return `CASE WHEN k <= ${only.at} AND batch <= ${only.batch} THEN 0 ELSE ${grid.count} END`;
  }
  const moments = grid.knowledge.map(({ at, batch }) => `{'at': ${at}, 'batch': ${batch}}`);
  const isIgnorant = `lambda m: m.at < k OR m.batch < batch`;
  return `len(list_filter([${moments.join(', ')}], ${isIgnorant}))`;
}

function lastOf<T>(values: readonly T[]): T {
  const last = values.at(-1);
  if (last === undefined) throw new RangeError('empty');
  return last;
}

function fromSegments({ grid, segments, userId }: Compiler, table: RawTable): string {
  const throughBatch = Math.max(lastOf(grid.knowledge).batch, grid.label.batch);
  const only = userId === undefined ? '' : ` WHERE user_id = ${quoteLiteral(userId)}`;
  return `${readParquet(segments(table, throughBatch))}${only}`;
}

function userRows(compiler: Compiler): string {
  const { grid } = compiler;
  return `CREATE OR REPLACE TEMP TABLE user_rows AS
SELECT user_id, plan, e, since FROM (
  SELECT user_id, plan, epoch_us(signup_time) AS e, epoch_us(ingested_at) AS k, batch,
    greatest(${firstMomentAtOrAfter(grid, 'e')}, ${firstMomentThatKnows(grid)}) AS since
  FROM ${fromSegments(compiler, 'users')}
) WHERE since < ${grid.count}`;
}

const ownColumns: Record<SourceTable, string> = {
  user_events: 'session_id, event_type',
  billing_events: 'event_type, amount_cents',
  plan_changes: 'change_id, plan',
};

/**
 * The rows of a source that matter for the grid: `since` is the first moment that sees the row,
 * `counts_for_label` whether the label's knowledge has it.
 */
function sourceRows(compiler: Compiler, source: SourceTable): string {
  const { grid, featureSet } = compiler;
  const { label } = grid;
  const lastMoment = momentOf(grid, grid.count - 1);
  const horizonEnd = lastMoment + BigInt(featureSet.label.horizonDays) * MICROS_PER_DAY;
  return `CREATE OR REPLACE TEMP TABLE ${source}_rows AS
SELECT user_id, ${ownColumns[source]}, e, since, counts_for_label FROM (
  SELECT user_id, ${ownColumns[source]}, epoch_us(event_time) AS e, epoch_us(ingested_at) AS k, batch,
    greatest(${firstMomentAtOrAfter(grid, 'e')}, ${firstMomentThatKnows(grid)}) AS since,
    k <= ${label.at} AND batch <= ${label.batch} AND e > ${grid.first} AND e <= ${horizonEnd} AS counts_for_label
  FROM ${fromSegments(compiler, source)}
) WHERE counts_for_label OR (since < ${grid.count}${lookBack(featureSet, source, grid.first)})`;
}

/** Leaves out rows whose every window has passed before the first moment. */
function lookBack({ features }: FeatureSet, source: SourceTable, first: EpochMicros): string {
  const ofSource = features.filter((feature) => feature.source === source);
  if (ofSource.some((feature) => feature.windowDays === undefined && !feature.eventType)) return '';
  const windows = ofSource.flatMap(({ windowDays }) => windowDays ?? []);
  const oldest = first - BigInt(Math.max(0, ...windows)) * MICROS_PER_DAY;
  const forEver = ofSource.flatMap(({ windowDays, eventType }) =>
    windowDays === undefined && eventType ? [`event_type = ${quoteLiteral(eventType)}`] : [],
  );
  return ` AND (${[`e > ${oldest}`, ...forEver].join(' OR ')})`;
}

/** One row (user_id, i, c, v) per change of feature c at moment i; label counts come last. */
function deltas({ featureSet, grid }: Compiler): string {
  const { features, label } = featureSet;
  const perFeature = features.map((feature, index) => featureDeltas(feature, index, grid));
  const horizon = `${BigInt(label.horizonDays) * MICROS_PER_DAY}`;
  const labelDeltas = (source: SourceTable, column: number, extra: string) =>
    plusAndMinus(
      `SELECT user_id, ${firstMomentAtOrAfter(grid, `e - ${horizon}`)} AS a,
         ${firstMomentAtOrAfter(grid, 'e')} AS b, 1 AS v
       FROM ${source}_rows WHERE counts_for_label${extra}`,
      { column, count: grid.count },
    );
  const { source, eventType } = label.cancelledBy;
  const isCancelled = ` AND event_type = ${quoteLiteral(eventType)}`;
  return `CREATE OR REPLACE TEMP TABLE deltas AS
${[
  ...perFeature,
  labelDeltas(label.silentIn, features.length, ''),
  labelDeltas(source, features.length + 1, isCancelled),
].join('\nUNION ALL\n')}`;
}

function featureDeltas(feature: FeatureDefinition, column: number, grid: Grid): string {
  const { aggregate, source, eventType } = feature;
  const ofType = eventType ? ` AND event_type = ${quoteLiteral(eventType)}` : '';
  const rows = `${source}_rows WHERE since < ${grid.count}${ofType}`;
  switch (aggregate.kind) {
    case 'count':
      return windowed(feature, column, grid, `SELECT user_id, e, since, 1 AS v FROM ${rows}`);
    case 'sum':
      return windowed(
        feature,
        column,
        grid,
        `SELECT user_id, e, since, ${aggregate.column} AS v FROM ${rows}`,
      );
    case 'count-distinct':
      return distinctDeltas(feature, column, grid, aggregate.column, rows);
    case 'days-since-last':
      return `SELECT user_id, since AS i, ${column} AS c, max(e) AS v FROM ${rows} GROUP BY user_id, since`;
    case 'latest-equals':
      // The row's rank by (event_time, id) decides which is latest; its parity says whether it equals.
      return `SELECT user_id, since AS i, ${column} AS c, 2 * row_number() OVER (
          PARTITION BY user_id ORDER BY e, change_id
        ) + (${aggregate.column} = ${quoteLiteral(aggregate.equals)})::INTEGER AS v FROM ${rows}`;
  }
}

function windowEnd(feature: FeatureDefinition, grid: Grid): string {
  return firstMomentAtOrAfter(grid, `e + ${BigInt(feature.windowDays ?? 0) * MICROS_PER_DAY}`);
}

function windowed(feature: FeatureDefinition, column: number, grid: Grid, rows: string): string {
  const intervals = `SELECT user_id, since AS a, ${windowEnd(feature, grid)} AS b, v FROM (${rows})`;
  return plusAndMinus(intervals, { column, count: grid.count });
}

/** Counts a session once while any of its rows is in the window: a union of their intervals. */
function distinctDeltas(
  feature: FeatureDefinition,
  column: number,
  grid: Grid,
  distinct: string,
  rows: string,
): string {
  const intervals = `SELECT user_id, ${distinct} AS d, since AS a, max(${windowEnd(feature, grid)}) AS b
    FROM ${rows} GROUP BY user_id, d, a`;
  const covered = `max(b) OVER (PARTITION BY user_id, d ORDER BY a
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;
  return plusAndMinus(
    `SELECT user_id, greatest(a, coalesce(${covered}, 0)) AS a, b, 1 AS v FROM (${intervals})`,
    { column, count: grid.count },
  );
}

/** Intervals [a, b) of moments with value v → +v at a and −v at b. */
function plusAndMinus(
  intervals: string,
  { column, count }: { column: number; count: number },
): string {
  return `SELECT user_id, unnest([a, b]) AS i, ${column} AS c, unnest([v, -v]) AS v
    FROM (${intervals}) WHERE a < b AND a < ${count}`;
}

function isRunningMax({ aggregate }: FeatureDefinition): boolean {
  return aggregate.kind === 'days-since-last' || aggregate.kind === 'latest-equals';
}

/** Running sums (or maxima) of the deltas over each user's moments, as typed feature columns. */
function vectors(compiler: Compiler): string {
  const { featureSet, grid } = compiler;
  const { features, label } = featureSet;
  const columns = [...features.map(isRunningMax), false, false];
  const cells = columns.map((isMax, c) => `${isMax ? 'max' : 'sum'}(v) FILTER (c = ${c}) AS c${c}`);
  const running = columns.map((isMax, c) =>
    isMax ? `max(c${c}) OVER w AS v${c}` : `coalesce(sum(c${c}) OVER w, 0) AS v${c}`,
  );
  const values = features.map(
    (feature, c) => `${featureValue(feature, `v${c}`)} AS ${feature.name}`,
  );
  return `CREATE OR REPLACE TEMP TABLE ${vectorTable} AS
WITH cells AS (
  SELECT user_id, i, ${cells.join(', ')} FROM (
    SELECT user_id, i, c, v FROM deltas WHERE i < ${grid.count}
    UNION ALL SELECT user_id, unnest(range(${grid.count}))::INTEGER, NULL, NULL FROM user_rows
  ) GROUP BY user_id, i
), running AS (
  SELECT user_id, i, ${running.join(', ')} FROM cells
  WINDOW w AS (PARTITION BY user_id ORDER BY i ROWS UNBOUNDED PRECEDING)
)
SELECT i, user_id, make_timestamptz(t) AS feature_time, ${values.join(', ')},
  ${labelValue(compiler)} AS ${label.name}
FROM (
  SELECT r.*, u.plan, u.e AS signup, ${grid.first} + i::BIGINT * ${DAY} AS t
  FROM running r JOIN user_rows u USING (user_id) WHERE i >= u.since
) ORDER BY i, user_id`;
}

function featureValue(feature: FeatureDefinition, value: string): string {
  const { aggregate, dividedBy } = feature;
  switch (aggregate.kind) {
    case 'days-since-last':
      return `((t - coalesce(${value}, signup)) // ${DAY})::INTEGER`;
    case 'latest-equals':
      return `CASE WHEN ${value} IS NULL THEN ${aggregate.column} = ${quoteLiteral(aggregate.equals)} ELSE ${value} % 2 = 1 END`;
    case 'count':
    case 'count-distinct':
    case 'sum':
      if (feature.type === 'int32') return `${value}::INTEGER`;
      return `${value}::BIGINT::DOUBLE / ${dividedBy ?? 1}`;
  }
}

/** Null until the whole horizon is known, even if an event already decides it. */
function labelValue({ featureSet, grid }: Compiler): string {
  const { label, features } = featureSet;
  const known = knownThrough(grid);
  const horizon = BigInt(label.horizonDays) * MICROS_PER_DAY;
  const verdict = `v${features.length} = 0 OR v${features.length + 1} > 0`;
  return known === null
    ? 'NULL::BOOLEAN'
    : `CASE WHEN t + ${horizon} <= ${known} THEN ${verdict} END`;
}

/** min(L, complete_through): the label of T is known once T + horizon is not after it. */
function knownThrough({ label }: Grid): EpochMicros | null {
  if (label.completeThrough === null) return null;
  return label.at < label.completeThrough ? label.at : label.completeThrough;
}
