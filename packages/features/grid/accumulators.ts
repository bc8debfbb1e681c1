import { quoteLiteral, type ColumnType } from '../../duckdb';
import { MICROS_PER_DAY } from '../../instants';
import type { FeatureSet } from '../feature-set';
import { isOfType } from '../language/is-of-type';
import {
  sourcesOfFeatures,
  sourcesOfLabel,
  sourcesOfState,
  type FeatureDefinition,
  type SourceTable,
  type StateEvent,
} from '../language/feature-definition';

/**
 * What the sliding-window aggregator keeps per user for one feature: a sum of the tiles in force, or the greatest of
 * all tiles so far. A feature with a default for "no row in force" may need a second one, its rows.
 */
export interface Accumulator {
  readonly source: SourceTable;
  readonly kind: 'sum' | 'distinct' | 'max';
  /** Tiles are in force for this long; absent where they stay. */
  readonly windowDays?: number;
  /** Where a tile has its value: a column of `tileColumns`; absent: every tile counts as 1. */
  readonly column?: number;
}

/** A value that a tile carries: what the raw rows that it stands for come to. */
export interface TileColumn {
  /** SQL for what one raw row adds. */
  readonly sql: string;
  readonly type: ColumnType;
  /**
   * `latest`: the time of a row that has a 1, of the latest day that has one; a DOUBLE.
   * `last-time`: the time of the last row that has a 1, to the microsecond, since the first moment of
   * the grid; a DOUBLE.
   */
  readonly combine: 'sum' | 'max' | 'latest' | 'last-time';
  /** A flag for the label: which of the rows that its knowledge has count, `any` or a condition. */
  readonly labelFlag?: string;
}

/** What of a source the sliding-window aggregator needs. */
export interface SourcePlan {
  readonly source: SourceTable;
  /** Tiles are per session, too, because some feature counts sessions. */
  readonly bySession: boolean;
  /** The longest window; rows that are older matter only to accumulators without one. */
  readonly windowDays: number;
  readonly columns: readonly TileColumn[];
  /** The column that says whether the label's silence, or cancellation, counts a tile. */
  readonly label: { readonly silent?: number; readonly cancelled?: number };
}

export interface AccumulatorPlan {
  readonly accumulators: readonly Accumulator[];
  /** Per feature: the accumulator of its value, and that of its number of rows where it has one. */
  readonly features: readonly { readonly value: number; readonly rows?: number }[];
  /** The accumulators of the last time of each kind of row that decides the state. */
  readonly state: {
    readonly ended: number;
    readonly resumed: readonly { readonly last: number; readonly afterMicros: number }[];
  };
  readonly sources: readonly SourcePlan[];
}

/** The type of a column's values in facts. */
export function tileType({ type, combine }: TileColumn): ColumnType {
  return combine === 'latest' || combine === 'last-time' ? 'DOUBLE' : type;
}

/** Works out from the definitions which tiles each source has to give, and what becomes of them. */
export function planAccumulators(featureSet: FeatureSet): AccumulatorPlan {
  const accumulators: Accumulator[] = [];
  const columns = new Map<SourceTable, TileColumn[]>();
  const columnOf = (source: SourceTable, column: TileColumn): number => {
    const known = columns.get(source) ?? [];
    columns.set(source, known);
    const at = known.findIndex(
      ({ sql, combine }) => sql === column.sql && combine === column.combine,
    );
    return at >= 0 ? at : known.push(column) - 1;
  };
  const addAccumulator = (feature: FeatureDefinition, column?: TileColumn): number =>
    accumulators.push({
      source: feature.source,
      kind: accumulatorKind(feature),
      windowDays: feature.windowDays,
      ...(column ? { column: columnOf(feature.source, column) } : {}),
    }) - 1;
  const features = featureSet.features.map((feature) => {
    const value = addAccumulator(feature, valueColumn(feature));
    const needsRows = feature.aggregate.kind === 'sum' && feature.default !== undefined;
    return needsRows ? { value, rows: addAccumulator(feature, countColumn(feature)) } : { value };
  });
  const addLast = ({ source, eventType }: StateEvent): number =>
    accumulators.push({
      source,
      kind: 'max',
      column: columnOf(source, lastTimeColumn(eventType)),
    }) - 1;
  const { endedBy, resumedBy } = featureSet.state;
  const state = {
    ended: addLast(endedBy),
    resumed: resumedBy.map((event) => ({
      last: addLast(event),
      afterMicros: (event.afterDays ?? 0) * Number(MICROS_PER_DAY),
    })),
  };
  const sources = sourcesOf(featureSet).map((source) => {
    const label = labelColumns(featureSet, source, (column) => columnOf(source, column));
    return sourcePlan(source, { featureSet, columns: columns.get(source) ?? [], label });
  });
  return { accumulators, features, state, sources };
}

function accumulatorKind({ aggregate }: FeatureDefinition): Accumulator['kind'] {
  if (aggregate.kind === 'count-distinct') return 'distinct';
  return aggregate.kind === 'count' || aggregate.kind === 'sum' ? 'sum' : 'max';
}

function sourcePlan(
  source: SourceTable,
  parts: {
    featureSet: FeatureSet;
    columns: readonly TileColumn[];
    label: SourcePlan['label'];
  },
): SourcePlan {
  const own = parts.featureSet.features.filter((feature) => feature.source === source);
  return {
    source,
    bySession: own.some(({ aggregate }) => aggregate.kind === 'count-distinct'),
    windowDays: Math.max(0, ...own.map(({ windowDays }) => windowDays ?? 0)),
    columns: parts.columns,
    label: parts.label,
  };
}

function labelColumns(
  { label }: FeatureSet,
  source: SourceTable,
  columnOf: (column: TileColumn) => number,
): SourcePlan['label'] {
  const flag = (labelFlag: string) =>
    columnOf({ sql: `label: ${labelFlag}`, type: 'UTINYINT', combine: 'max', labelFlag });
  const { cancelledBy } = label;
  const isCancellation = isOfType(cancelledBy.eventType);
  return {
    ...(source === label.silentIn ? { silent: flag('any') } : {}),
    ...(source === cancelledBy.source ? { cancelled: flag(isCancellation) } : {}),
  };
}

function sourcesOf({ features, label, state }: FeatureSet): SourceTable[] {
  const all = [...sourcesOfFeatures(features), ...sourcesOfLabel(label), ...sourcesOfState(state)];
  return [...new Set(all)];
}

function countColumn({ eventType }: FeatureDefinition): TileColumn {
  return { sql: `(${isOfType(eventType)})::INTEGER`, type: 'INTEGER', combine: 'sum' };
}

function lastTimeColumn(eventType: string | undefined): TileColumn {
  return { sql: `(${isOfType(eventType)})::UTINYINT`, type: 'UTINYINT', combine: 'last-time' };
}

/** Sums are DOUBLE, as times in microseconds are: exact for integers below 2^53. */
function valueColumn(feature: FeatureDefinition): TileColumn | undefined {
  const { aggregate, eventType } = feature;
  const isCounted = isOfType(eventType);
  switch (aggregate.kind) {
    case 'count':
      return countColumn(feature);
    case 'sum':
      return {
        sql: `CASE WHEN ${isCounted} THEN coalesce(${aggregate.column}, 0) ELSE 0 END::DOUBLE`,
        type: 'DOUBLE',
        combine: 'sum',
      };
    case 'count-distinct':
      return eventType === undefined
        ? undefined
        : { sql: `(${isCounted})::UTINYINT`, type: 'UTINYINT', combine: 'max' };
    case 'days-since-last':
      return { sql: `(${isCounted})::UTINYINT`, type: 'UTINYINT', combine: 'latest' };
    case 'latest-equals':
      // The row's rank by (event_time, id) says which is latest; its parity whether it equals.
      return {
        sql: `(2 * latest_rank + (${aggregate.column} = ${quoteLiteral(aggregate.equals)})::INTEGER)::DOUBLE`,
        type: 'DOUBLE',
        combine: 'max',
      };
  }
}
