import { createHash } from 'node:crypto';
import type { EpochMicros } from '../instants';
import type { FeatureSet } from './feature-set';
import type { FeatureDefinition } from './language';

/**
 * What one or more features need to know of a user when everything is known: lists in order of time.
 *
 * - Facts: `times_n`, and `values_n` beside it where the rows have values.
 * - Sessions: `starts_n` and `ends_n`, of their first and of their last rows, each in order; and
 *   `pause_starts_n` beside `pause_ends_n`, of rows of one session that follow each other more than a
 *   day apart, which is the shortest of windows.
 */
export interface Timeline {
  /** One of the features that it serves; its window does not matter. */
  readonly feature: FeatureDefinition;
  readonly kind: 'facts' | 'sessions';
  /** All of them lists of doubles, times in epoch microseconds. */
  readonly columns: readonly string[];
}

/** Files that have the timelines of all users of some segments, a row per user. */
export interface TimelineFiles {
  /** When the last of their rows arrived: earlier, less was known. */
  readonly knownAt: EpochMicros;
  /** Together every user once, in the order of their ids. */
  readonly parts: readonly { readonly file: string; readonly users: number }[];
}

/** Raised where other lists are made of the same rows. */
const VERSION = 1;

/** The timelines that features need, in their order, and which of them each feature uses. */
export function planTimelines(features: readonly FeatureDefinition[]): {
  readonly timelines: readonly Timeline[];
  readonly ofFeature: ReadonlyMap<FeatureDefinition, Timeline>;
} {
  const byRows = new Map<string, Timeline>();
  const ofFeature = new Map<FeatureDefinition, Timeline>();
  for (const feature of features) {
    const rows = rowsOf(feature);
    const timeline = byRows.get(rows) ?? timelineOf(feature, byRows.size);
    byRows.set(rows, timeline);
    ofFeature.set(feature, timeline);
  }
  return { timelines: [...byRows.values()], ofFeature };
}

/** Identifies what timelines list: the same for feature sets whose features need the same rows. */
export function timelineKey({ features }: FeatureSet): string {
  const rows = new Set(features.map(rowsOf));
  return createHash('sha256')
    .update(JSON.stringify([VERSION, ...rows]))
    .digest('hex');
}

/** Features with the same text here need the same rows, whatever their windows. */
function rowsOf({ source, eventType, aggregate }: FeatureDefinition): string {
  const hasOnlyTimes = aggregate.kind === 'count' || aggregate.kind === 'days-since-last';
  return JSON.stringify([source, eventType ?? null, hasOnlyTimes ? 'times' : aggregate]);
}

function timelineOf(feature: FeatureDefinition, number: number): Timeline {
  const named = (...names: string[]) => names.map((name) => `${name}_${number}`);
  switch (feature.aggregate.kind) {
    case 'count-distinct': {
      const columns = named('starts', 'ends', 'pause_starts', 'pause_ends');
      return { feature, kind: 'sessions', columns };
    }
    case 'count':
    case 'days-since-last':
      return { feature, kind: 'facts', columns: named('times') };
    case 'sum':
    case 'latest-equals':
      return { feature, kind: 'facts', columns: named('times', 'values') };
  }
}
