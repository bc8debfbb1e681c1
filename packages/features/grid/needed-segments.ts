import type { SourcePlan } from './accumulators';
import type { FeatureSet } from '../feature-set';
import { momentOf, type Grid } from './grid';
import type { SourceTable } from '../language/feature-definition';
import type { Segment } from '../segments';

export interface NeededSegments {
  /** Of which all rows are read. */
  readonly whole: readonly Segment[];
  /** Of which the first rows are enough: the latest of each user and event type. */
  readonly latest: readonly Segment[];
}

/**
 * The segments with rows that a grid may count: those of its windows and its label; and from before
 * its windows what something remembers for ever. Of that only the latest rows matter where every
 * moment sees all of the segment, and nothing is remembered but when something was last.
 */
export function neededSegments(
  segments: readonly Segment[],
  options: { featureSet: FeatureSet; plan: SourcePlan; grid: Grid },
): NeededSegments {
  const { plan, grid } = options;
  const floor = momentOf(grid, -plan.windowDays);
  const last = momentOf(grid, lastDayOf(options));
  const lasting = lastingOf(options.featureSet, plan.source);
  const needOf = (segment: Segment): 'whole' | 'latest' | 'nothing' => {
    const { statistics } = segment;
    if (statistics?.rows === 0) return 'nothing';
    const known = statistics && withTimes(statistics);
    if (!known) return 'whole';
    if (known.firstTime > last) return 'nothing';
    if (known.lastTime > floor) return 'whole';
    if (lasting !== 'latest') return lasting;
    return isSeenFromTheFirst(grid, segment, known.lastArrival) ? 'latest' : 'whole';
  };
  return {
    whole: segments.filter((segment) => needOf(segment) === 'whole'),
    latest: segments.filter((segment) => needOf(segment) === 'latest'),
  };
}

function isSeenFromTheFirst(
  { knowledge: [first] }: Grid,
  { lastBatch }: Segment,
  lastArrival: bigint,
): boolean {
  return first !== undefined && lastArrival <= first.at && lastBatch <= first.batch;
}

function withTimes({ firstTime, lastTime, lastArrival }: NonNullable<Segment['statistics']>) {
  return firstTime === null || lastTime === null || lastArrival === null
    ? undefined
    : { firstTime, lastTime, lastArrival };
}

/** The last day, counted from the first moment, whose rows a grid may count. */
export function lastDayOf({
  featureSet,
  plan,
  grid,
}: {
  featureSet: FeatureSet;
  plan: SourcePlan;
  grid: Grid;
}): number {
  const isForLabel = plan.label.silent !== undefined || plan.label.cancelled !== undefined;
  return grid.count - 1 + (isForLabel ? featureSet.label.horizonDays : 0);
}

/** What of the rows of a source matters when their windows have passed. */
function lastingOf(
  { features, state }: FeatureSet,
  source: SourceTable,
): 'whole' | 'latest' | 'nothing' {
  const lasting = features.filter(
    (feature) => feature.source === source && feature.windowDays === undefined,
  );
  const isOfState = [state.endedBy, ...state.resumedBy].some((event) => event.source === source);
  if (lasting.length === 0 && !isOfState) return 'nothing';
  // Plan changes are ranked among all of a user's, and are few.
  const isLatest = lasting.every(({ aggregate }) => aggregate.kind === 'days-since-last');
  return isLatest && source !== 'plan_changes' ? 'latest' : 'whole';
}
