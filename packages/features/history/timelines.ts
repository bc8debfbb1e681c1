import { createHash } from 'node:crypto';
import type { EpochMicros } from '../../instants';
import type { FeatureSet } from '../feature-set';
import type { FeatureDefinition } from '../language/feature-definition';

/** Columns of one or more features, of lists of doubles per user; times are epoch microseconds. */
export type Timeline = TileTimeline | SessionTimeline;

export interface TileTimeline {
  readonly kind: 'facts';
  /** One of the features that it serves; its window does not matter. */
  readonly feature: FeatureDefinition;
  /** When each row happened, ascending. */
  readonly times: string;
  /** Beside the times, where rows have values: cents, or 2 · rank + whether it equals. */
  readonly values?: string;
}

export interface SessionTimeline {
  readonly kind: 'sessions';
  readonly feature: FeatureDefinition;
  /** When the first row of each session happened, ascending. */
  readonly starts: string;
  /** When the last row of each session happened, ascending. */
  readonly ends: string;
  /**
   * The rows before and after each pause: of one session, one after the other, and more than a day
   * apart, which is the shortest of windows.
   */
  readonly pauseStarts: string;
  readonly pauseEnds: string;
}

/** The columns of a timeline; where there are several, consecutive ones form pairs. */
export function columnsOf(timeline: Timeline): string[] {
  if (timeline.kind === 'sessions') {
    const { starts, ends, pauseStarts, pauseEnds } = timeline;
    return [starts, ends, pauseStarts, pauseEnds];
  }
  const { times, values } = timeline;
  return values === undefined ? [times] : [times, values];
}

/** Files that have the timelines of all users of some segments, a row per user. */
export interface TimelineFiles {
  /** When the last of the rows that they are made from arrived. */
  readonly lastArrival: EpochMicros;
  /** Together every user once, in the order of their ids. */
  readonly parts: readonly TimelinePart[];
}

/** A file and its size. */
export interface TimelinePart {
  readonly file: string;
  readonly users: number;
  readonly bytes: number;
}

/** Raised where the same rows give other lists or other bytes. */
const VERSION = 2;

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

/** Identifies what the columns list: the same for features that need the same rows in the same order. */
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
  switch (feature.aggregate.kind) {
    case 'count-distinct':
      return {
        kind: 'sessions',
        feature,
        starts: `starts_${number}`,
        ends: `ends_${number}`,
        pauseStarts: `pause_starts_${number}`,
        pauseEnds: `pause_ends_${number}`,
      };
    case 'count':
    case 'days-since-last':
      return { kind: 'facts', feature, times: `times_${number}` };
    case 'sum':
    case 'latest-equals':
      return { kind: 'facts', feature, times: `times_${number}`, values: `values_${number}` };
  }
}
