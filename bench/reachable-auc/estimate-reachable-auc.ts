import { addDays } from '../../packages/instants/logical-date';
import type { SyntheticWorld } from '../../packages/contracts/synthetic-world';
import { areaUnderCurve } from './area-under-curve';
import { fitBoostedTrees } from './boosted-trees';
import { featureNames, labelledRows, type LabelledRow } from './labelled-rows';
import { fitLogisticRegression } from './logistic-regression';

export interface ReachableAuc {
  readonly rows: number;
  readonly baseRate: number;
  /** Held-out AUC of the boosted trees: the estimate of the best reachable. */
  readonly flexible: number;
  readonly logistic: number;
  readonly recency: number;
  /** Of the logistic regression, per standard deviation, as `featureNames`. */
  readonly coefficients: readonly number[];
}

/** From when on the window of 90 days reaches no further back than the world. */
const FIRST_DAY = 120;
const LAST_DAY = 345;

/**
 * What can be known from the six features: every so many days of a year, from the 120th on, half
 * of the users fit the estimators, the other half, whom they have never seen, are scored.
 */
export function estimateReachableAuc(
  world: SyntheticWorld,
  { everyDays = 15 }: { everyDays?: number } = {},
): ReachableAuc {
  const count = Math.floor((LAST_DAY - FIRST_DAY) / everyDays) + 1;
  const dates = Array.from({ length: count }, (_, step) =>
    addDays(world.start, FIRST_DAY + everyDays * step),
  );
  const fit: LabelledRow[] = [];
  const held: LabelledRow[] = [];
  for (const row of labelledRows(world, dates)) {
    if (!row.isSubscribed) continue;
    (row.user % 2 === 0 ? fit : held).push(row);
  }
  const inputs = fit.map((row) => row.features);
  const outcomes = fit.map((row) => row.churned);
  const heldOutcomes = held.map((row) => row.churned);
  const aucOf = (score: (features: readonly number[]) => number): number =>
    areaUnderCurve(
      held.map((row) => score(row.features)),
      heldOutcomes,
    );
  const logistic = fitLogisticRegression(inputs, outcomes);
  return {
    rows: held.length,
    baseRate: heldOutcomes.filter(Boolean).length / held.length,
    flexible: aucOf(fitBoostedTrees(inputs, outcomes)),
    logistic: aucOf(logistic.score),
    recency: aucOf((features) => features[featureNames.indexOf('days_since_last_login')]!),
    coefficients: logistic.coefficients,
  };
}
