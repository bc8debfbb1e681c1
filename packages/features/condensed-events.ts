import { parquetLatestTimes, parquetRowCounts, type DuckDb } from '../duckdb';
import type { EpochMicros } from '../instants';
import type { FeatureSet } from './feature-set';
import type { Segment } from './segment-pieces';

/**
 * Copies of the segments of user_events that have a row for several: for an event and those right
 * after it, by user and time, of the same session and at most a day apart, as long as they are of
 * none of the types that must have rows of their own. The columns are those of the first event, and
 * `last_event_time`.
 */
export interface CondensedEvents {
  readonly eventTypes: readonly string[];
  fileOf(segment: string): string;
}

/** What decides whether condensed events are read. */
export interface HistorySources {
  readonly featureSet: FeatureSet;
  /** Absent: events are read one by one. */
  readonly condensedEvents?: CondensedEvents;
}

/**
 * The types of which a feature needs every event. Of all other events features must only ask in
 * which sessions there are some: null where one asks for more.
 */
export function typesToCondenseBy({ features }: FeatureSet): readonly string[] | null {
  const types: string[] = [];
  for (const { source, eventType, aggregate } of features) {
    if (source !== 'user_events') continue;
    if (eventType !== undefined) types.push(eventType);
    else if (aggregate.kind !== 'count-distinct') return null;
  }
  return [...new Set(types)].sort();
}

/**
 * The condensed copies of these segments, with how many rows each has; none where some of the events
 * are not known by then, since a row stands for all of its events, or where features need more.
 */
export async function findCondensed(
  duckDb: DuckDb,
  { featureSet, condensedEvents }: HistorySources,
  { segments, knownAt }: { segments: readonly string[]; knownAt: EpochMicros },
): Promise<readonly Segment[]> {
  const needed = typesToCondenseBy(featureSet);
  const suffices = needed?.every((type) => condensedEvents?.eventTypes.includes(type)) ?? false;
  if (!condensedEvents || !suffices) return [];
  const counts = await parquetRowCounts(duckDb, segments);
  const files = segments.filter((_, index) => counts[index]! > 0);
  const arrivals = await parquetLatestTimes(duckDb, files, 'ingested_at');
  const areKnown = files.every((file) => (arrivals.get(file) ?? Infinity) <= knownAt);
  if (!areKnown) return [];
  const copies = files.map((file) => condensedEvents.fileOf(file));
  // Copies that can't be read are as good as none.
  const rows = await parquetRowCounts(duckDb, copies).catch(() => []);
  return rows.map((count, index) => ({ file: copies[index]!, rows: count }));
}
