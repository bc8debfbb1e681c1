import type { FeatureDefinition } from '../language/feature-definition';
import type { UserSeries } from './user-series';

/** What counts for a feature. */
export interface TileSeries {
  /** When each comes into force. */
  readonly entered: UserSeries;
  /** From when on its window runs out; the same series as `entered` where both are one time. */
  readonly left: UserSeries;
  /** Of sessions: where each leaves, and comes back after a pause that is longer than the window. */
  readonly pauses?: { readonly entered: UserSeries; readonly left: UserSeries };
}

/** The series of some features for some users who follow each other. */
export interface SeriesBlock {
  /** The series have these users' lists: from (inclusive) until (exclusive). */
  readonly users: { readonly from: number; readonly until: number };
  readonly features: readonly FeatureDefinition[];
  /** To be called, and its series used, before the next block is asked for. */
  seriesOf(feature: FeatureDefinition): Promise<TileSeries>;
}
