import { oneAhead } from '../../bounded-tasks';
import { readColumns, type DuckDb } from '../../duckdb';
import { MICROS_PER_DAY } from '../../instants';
import {
  selectSessionPieces,
  selectSpineTiles,
  selectSpineSessions,
  type SpineOptions,
  type SpineQuery,
} from './compile-spine';
import type { FeatureDefinition } from '../language/feature-definition';
import type { TileSeries, SeriesBlock } from './series-block';
import { sortByUser } from './user-series';

interface SpineTileOptions extends SpineOptions {
  readonly features: readonly FeatureDefinition[];
  readonly userCount: number;
  readonly signal?: AbortSignal;
}

/** The series of all features, from the rows of the segments, those of a few features at a time. */
export async function* readSpineTiles(
  duckDb: DuckDb,
  options: SpineTileOptions,
): AsyncGenerator<SeriesBlock> {
  const reader = new SpineTileReader(duckDb, options);
  const loads = spineLoads(options.features, options);
  const users = { from: 0, until: options.userCount };
  const read = async ({ query, features }: SpineLoad) => {
    return { features, rows: await reader.read(query) };
  };
  // Each query runs in DuckDB's threads while what the one before it brought is sorted and walked here.
  for await (const { features, rows } of oneAhead(loads, read)) {
    yield { users, features, seriesOf: (feature) => reader.seriesOf(feature, rows) };
  }
}

/** What one query brings for one or more features: windows over the same sessions share them. */
interface SpineLoad {
  readonly query: SpineQuery;
  readonly features: readonly FeatureDefinition[];
}

/** A query for each kind of row that features need, in the order of the features. */
function spineLoads(features: readonly FeatureDefinition[], options: SpineOptions): SpineLoad[] {
  const loads = new Map<string, { query: SpineQuery; features: FeatureDefinition[] }>();
  for (const feature of features) {
    const isOfSessions = feature.aggregate.kind === 'count-distinct';
    const query = (isOfSessions ? selectSpineSessions : selectSpineTiles)(feature, options);
    const load = loads.get(query.sql);
    if (load) load.features.push(feature);
    else loads.set(query.sql, { query, features: [feature] });
  }
  return [...loads.values()];
}

type SpineArrays = { readonly user: Int32Array } & {
  readonly [Column in SpineQuery['columns'][number]]?: Float64Array;
};

/** The lists of each feature from what its query brought. */
class SpineTileReader {
  private whole: { readonly of: SpineArrays; readonly series: TileSeries } | undefined;

  constructor(
    private readonly duckDb: DuckDb,
    private readonly options: SpineTileOptions,
  ) {}

  /** The query is on its way when this returns, even if the event loop does not turn. */
  async read({ sql, columns }: SpineQuery): Promise<SpineArrays> {
    const { signal } = this.options;
    const types = ['INTEGER' as const, ...columns.map(() => 'DOUBLE' as const)];
    const [user, ...doubles] = await readColumns(this.duckDb.connection, { sql, types, signal });
    const named = columns.map((column, index) => [column, doubles[index]]);
    return { user: user as Int32Array, ...(Object.fromEntries(named) as Partial<SpineArrays>) };
  }

  /** @param rows  What the query of the feature's load brought. */
  async seriesOf(feature: FeatureDefinition, rows: SpineArrays): Promise<TileSeries> {
    const { aggregate, windowDays } = feature;
    if (aggregate.kind !== 'count-distinct' || windowDays === undefined) return this.sorted(rows);
    return this.sessionSeries({ ...feature, windowDays }, rows);
  }

  private sorted({ user, a, e, v }: SpineArrays): TileSeries {
    const { userCount } = this.options;
    const entered = sortByUser({ userCount, user, time: a!, value: v });
    return { entered, left: e ? sortByUser({ userCount, user, time: e, value: v }) : entered };
  }

  /**
   * A session whose last row is seen before the window of its first row ends is in force from its
   * first row on until a window after its last; the others are looked at row by row.
   */
  private async sessionSeries(
    feature: FeatureDefinition & { readonly windowDays: number },
    rows: SpineArrays,
  ): Promise<TileSeries> {
    const { user, first, last, first_seen: firstSeen = first } = rows;
    const whole = wholeSessions(rows, feature.windowDays);
    if (whole.length === user.length) {
      if (this.whole?.of !== rows) {
        this.whole = { of: rows, series: this.sorted({ user, a: firstSeen, e: last }) };
      }
      return this.whole.series;
    }
    const pieces = await this.read(selectSessionPieces(feature, this.options));
    return this.sorted({
      user: joined(picked(user, whole), pieces.user),
      a: joined(picked(firstSeen!, whole), pieces.a!),
      e: joined(picked(last!, whole), pieces.e!),
    });
  }
}

/** Which sessions are in one piece. */
function wholeSessions(rows: SpineArrays, windowDays: number): Int32Array {
  const { first, last, last_seen: lastSeen = last } = rows;
  const windowMicros = windowDays * Number(MICROS_PER_DAY);
  const whole = new Int32Array(rows.user.length);
  let found = 0;
  for (let index = 0; index < whole.length; index += 1) {
    if (lastSeen![index]! <= first![index]! + windowMicros) whole[found++] = index;
  }
  return whole.subarray(0, found);
}

function picked<T extends Int32Array | Float64Array>(from: T, indexes: Int32Array): T {
  const rows = from.slice(0, indexes.length) as T;
  for (let row = 0; row < indexes.length; row += 1) rows[row] = from[indexes[row]!]!;
  return rows;
}

function joined<T extends Int32Array | Float64Array>(some: T, more: T): T {
  const rows = new (some.constructor as new (length: number) => T)(some.length + more.length);
  rows.set(some);
  rows.set(more, some.length);
  return rows;
}
