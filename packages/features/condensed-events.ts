import { parquetLatestTimes, parquetRowCounts, type DuckDb } from '../duckdb';
import { MICROS_PER_DAY, type EpochMicros } from '../instants';
import type { SegmentFiles } from './compile-facts';
import type { FeatureSet } from './feature-set';
import type { Grid, KnowledgeAt } from './grid';
import type { Segment } from './segment-pieces';

/**
 * Copies of the segments of user_events that have a row for several: for an event and those right
 * after it, by user and time, of the same session and day, as long as they are of none of the types
 * that must have rows of their own. A day ends with its midnight, included. The columns are those of
 * the first event, and `last_event_time`.
 */
export interface CondensedEvents {
  readonly eventTypes: readonly string[];
  fileOf(segment: string): string;
}

/**
 * The types of which a feature or the label needs every event. Of all other events they must only
 * ask in which sessions and on which days there are some: null where one asks for more.
 */
export function typesToCondenseBy({ features, label }: FeatureSet): readonly string[] | null {
  const types = label.cancelledBy.source === 'user_events' ? [label.cancelledBy.eventType] : [];
  for (const { source, eventType, aggregate } of features) {
    if (source !== 'user_events') continue;
    if (eventType !== undefined) types.push(eventType);
    else if (aggregate.kind !== 'count-distinct') return null;
  }
  return [...new Set(types)].sort();
}

/** Which files have the events: `condensed` of segments that are known as a whole, `raw` of others. */
export interface EventFiles {
  readonly raw: readonly Segment[];
  readonly condensed: readonly Segment[];
}

export interface EventSources {
  readonly featureSet: FeatureSet;
  readonly segments: SegmentFiles;
  /** Absent: all events are read one by one. */
  readonly condensed?: CondensedEvents;
}

/**
 * Chooses the files to read the events of the batches `<= throughBatch` from. A row of condensed
 * events stands for all of its events, so a segment is read by them only if all of its events are
 * `knownToAll` that is asked.
 */
export async function chooseEventFiles(
  duckDb: DuckDb,
  { featureSet, segments, condensed }: EventSources,
  { throughBatch, knownToAll }: { throughBatch: number; knownToAll: KnowledgeAt | null },
): Promise<EventFiles> {
  const files = segments('user_events', throughBatch);
  const known =
    knownToAll && suffices(condensed, featureSet) ? segments('user_events', knownToAll.batch) : [];
  const arrivals = await parquetLatestTimes(duckDb, known, 'ingested_at');
  const whole = new Set(known.filter((file) => isKnown(arrivals.get(file), knownToAll)));
  const copies = files.flatMap((file) => (whole.has(file) ? condensed!.fileOf(file) : []));
  return {
    raw: await countRows(
      duckDb,
      files.filter((file) => !whole.has(file)),
    ),
    condensed: await countRows(duckDb, copies),
  };
}

/** The files with how many rows each has. */
export async function countRows(duckDb: DuckDb, files: readonly string[]): Promise<Segment[]> {
  const counts = await parquetRowCounts(duckDb, files);
  return files.map((file, index) => ({ file, rows: counts[index]! }));
}

function isKnown(latestArrival: EpochMicros | undefined, known: KnowledgeAt | null): boolean {
  return latestArrival !== undefined && known !== null && latestArrival <= known.at;
}

function suffices(condensed: CondensedEvents | undefined, featureSet: FeatureSet): boolean {
  const needed = typesToCondenseBy(featureSet);
  return needed?.every((type) => condensed?.eventTypes.includes(type)) ?? false;
}

/**
 * What every moment of a grid knows, and its label: the least of them. Null where the days of the
 * grid are not those by which events are condensed.
 */
export function knownToAllOf({ first, knowledge, label }: Grid): KnowledgeAt | null {
  if (first % MICROS_PER_DAY !== 0n) return null;
  return [...knowledge, label].reduce((least, { at, batch }) => ({
    at: at < least.at ? at : least.at,
    batch: Math.min(batch, least.batch),
  }));
}
