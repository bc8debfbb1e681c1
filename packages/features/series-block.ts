import type { FeatureDefinition } from './language';
import type { UserSeries } from './user-series';

/** What counts for a feature, by when it is seen and by when it happened. */
export interface FactSeries {
  readonly seen: UserSeries;
  /** The same series where all is known at once, and where nothing leaves a list for good. */
  readonly happened: UserSeries;
  /**
   * Of sessions: the rows around each pause that is longer than the window. `happened` are those
   * before, after which the session leaves, `seen` those after, with which it comes back.
   */
  readonly pauses?: { readonly seen: UserSeries; readonly happened: UserSeries };
}

/** The series of some features for some users who follow each other. */
export interface SeriesBlock {
  /** The series have these users' lists: from (inclusive) until (exclusive). */
  readonly users: { readonly from: number; readonly until: number };
  readonly features: readonly FeatureDefinition[];
  seriesOf(feature: FeatureDefinition): FactSeries | Promise<FactSeries>;
}
