import { readColumns, readColumnsOfAll, type DuckDb } from '../duckdb';
import { MICROS_PER_DAY } from '../instants';
import {
  selectSessionPieces,
  selectSpineEvents,
  selectSpineFacts,
  selectSpineSessions,
  type SpineQuery,
  type SpineSources,
} from './compile-spine';
import type { FeatureDefinition } from './language';
import { mergeSessions } from './merge-sessions';
import { sortByUser, type UserSeries } from './user-series';

/** The rows of a feature, by when each is seen and by when it happened. */
export interface FactSeries {
  readonly seen: UserSeries;
  /** The same series where all is known at once, and where nothing leaves a list for good. */
  readonly happened: UserSeries;
}

/** What one query brings for one or more features: windows over the same sessions share them. */
export interface SpineLoad {
  readonly query: SpineQuery;
  readonly features: readonly FeatureDefinition[];
}

/**
 * A query for each kind of row that features need, in the order of the features; of condensed events
 * one for all.
 */
export function spineLoads(
  features: readonly FeatureDefinition[],
  options: SpineSources,
): SpineLoad[] {
  const isCondensed = options.condensed.length > 0;
  const ofEvents = features.filter(({ source }) => isCondensed && source === 'user_events');
  const types = new Set(ofEvents.flatMap(({ eventType }) => eventType ?? []));
  const loads = new Map<string, { query: SpineQuery; features: FeatureDefinition[] }>();
  for (const feature of features) {
    const query = ofEvents.includes(feature)
      ? selectSpineEvents([...types], options)
      : queryOf(feature, options);
    const key = query.sqls.join(';');
    const load = loads.get(key);
    if (load) load.features.push(feature);
    else loads.set(key, { query, features: [feature] });
  }
  return [...loads.values()];
}

function queryOf(feature: FeatureDefinition, options: SpineSources): SpineQuery {
  const isOfSessions = feature.aggregate.kind === 'count-distinct';
  return (isOfSessions ? selectSpineSessions : selectSpineFacts)(feature, options);
}

export type SpineArrays = { readonly user: Int32Array } & {
  readonly [Column in SpineQuery['columns'][number]]?: Float64Array;
} & {
  /** Of condensed events: the hash of each row's session, and by type whether a row is of it. */
  readonly session?: Int32Array;
  readonly isOfType?: ReadonlyMap<string, Uint8Array>;
};

/** The lists of each feature from what its query brought. */
export class SpineFactReader {
  /** The sessions of condensed events, by type: features share them. */
  private readonly sessions = new Map<string | undefined, SpineArrays>();
  private whole: { readonly of: SpineArrays; readonly series: FactSeries } | undefined;

  constructor(
    private readonly duckDb: DuckDb,
    private readonly options: SpineSources & { readonly signal?: AbortSignal },
    private readonly userCount: number,
  ) {}

  /** The query is on its way when this returns, even if the event loop does not turn. */
  async read({ sqls, rowsMax, columns, eventTypes }: SpineQuery): Promise<SpineArrays> {
    const doubles = columns.map(() => 'DOUBLE' as const);
    const session = eventTypes ? ['UBIGINT' as const] : [];
    const flags = (eventTypes ?? []).map(() => 'UTINYINT' as const);
    const types = ['INTEGER' as const, ...session, ...doubles, ...flags];
    const query = { types, signal: this.options.signal };
    const { connection } = this.duckDb;
    const [user, ...others] =
      rowsMax === undefined
        ? await readColumns(connection, { ...query, sql: sqls[0]! })
        : await readColumnsOfAll(connection, { ...query, sqls, rowsMax });
    const named = columns.map((column, index) => [column, others[session.length + index]]);
    const firstFlag = session.length + columns.length;
    return {
      user: user as Int32Array,
      ...(Object.fromEntries(named) as Partial<SpineArrays>),
      ...(eventTypes && {
        session: others[0] as Int32Array,
        isOfType: new Map(
          eventTypes.map((type, index) => [type, others[firstFlag + index] as Uint8Array]),
        ),
      }),
    };
  }

  /** @param rows  What the query of the feature's load brought. */
  async seriesOf(feature: FeatureDefinition, rows: SpineArrays): Promise<FactSeries> {
    const { aggregate, eventType, windowDays } = feature;
    const { isOfType } = rows;
    const isOfSessions = aggregate.kind === 'count-distinct' && windowDays !== undefined;
    if (!isOfType) {
      return isOfSessions
        ? this.sessionSeries({ ...feature, windowDays }, rows)
        : this.sorted(rows);
    }
    if (isOfSessions) {
      return this.sessionSeries({ ...feature, windowDays }, this.merged(rows, eventType));
    }
    const { user, e } = partsOf(rows, isOfType.get(eventType!)!);
    return this.sorted({ user, a: e });
  }

  private sorted({ user, a, e, v }: SpineArrays): FactSeries {
    const { userCount } = this;
    const seen = sortByUser({ userCount, user, time: a!, value: v });
    return { seen, happened: e ? sortByUser({ userCount, user, time: e, value: v }) : seen };
  }

  /** The sessions of condensed events, or of those of a type, which has rows of its own. */
  private merged(rows: SpineArrays, eventType: string | undefined): SpineArrays {
    const known = this.sessions.get(eventType);
    if (known) return known;
    const { user, session, e, last } =
      eventType === undefined ? rows : partsOf(rows, rows.isOfType!.get(eventType)!);
    const sessions = mergeSessions({
      userCount: this.userCount,
      user,
      session: session!,
      first: e!,
      last: last!,
    });
    this.sessions.set(eventType, sessions);
    return sessions;
  }

  /**
   * A session whose last row is seen before the window of its first row ends is in force from its
   * first row on until a window after its last; the others are looked at row by row.
   */
  private async sessionSeries(
    feature: FeatureDefinition & { readonly windowDays: number },
    rows: SpineArrays,
  ): Promise<FactSeries> {
    const { user, first, last, first_seen: firstSeen = first } = rows;
    if (areAllWhole(rows, feature.windowDays)) {
      if (this.whole?.of !== rows) {
        this.whole = { of: rows, series: this.sorted({ user, a: firstSeen, e: last }) };
      }
      return this.whole.series;
    }
    const whole = wholeSessions(rows, feature.windowDays);
    const pieces = await this.read(selectSessionPieces(feature, this.options));
    return this.sorted({
      user: joined(picked(user, whole), pieces.user),
      a: joined(picked(firstSeen!, whole), pieces.a!),
      e: joined(picked(last!, whole), pieces.e!),
    });
  }
}

/** The first events of the rows that have a flag: the others of a row are of other types. */
function partsOf({ user, session, e }: SpineArrays, flags: Uint8Array): SpineArrays {
  const users = new Int32Array(user.length);
  const times = new Float64Array(user.length);
  const sessions = new Int32Array(2 * user.length);
  let found = 0;
  for (let row = 0; row < user.length; row += 1) {
    if (flags[row] === 0) continue;
    users[found] = user[row]!;
    times[found] = e![row]!;
    sessions[2 * found] = session![2 * row]!;
    sessions[2 * found + 1] = session![2 * row + 1]!;
    found += 1;
  }
  const ofType = times.subarray(0, found);
  const ownSessions = sessions.subarray(0, 2 * found);
  return { user: users.subarray(0, found), session: ownSessions, e: ofType, last: ofType };
}

function areAllWhole({ first, last, last_seen: lastSeen = last }: SpineArrays, windowDays: number) {
  const windowMicros = windowDays * Number(MICROS_PER_DAY);
  return first!.every((at, index) => lastSeen![index]! <= at + windowMicros);
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
