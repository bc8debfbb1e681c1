import { areaUnderCurve } from '../../../bench/reachable-auc/area-under-curve';
import { fitBoostedTrees } from '../../../bench/reachable-auc/boosted-trees';
import { estimateReachableAuc } from '../../../bench/reachable-auc/estimate-reachable-auc';
import { featureNames, labelledRows } from '../../../bench/reachable-auc/labelled-rows';
import { fitLogisticRegression } from '../../../bench/reachable-auc/logistic-regression';
import { addDays } from '../../../packages/instants/logical-date';
import { bestReachableAuc } from '../../../bench/reachable-auc/best-reachable-auc';

describe('what the six features tell of churn', () => {
  const result = estimateReachableAuc(
    { version: 2, seed: 1, users: 3_000, start: '2025-01-01' },
    { everyDays: 30 },
  );

  it('is as much as bestReachableAuc says', () => {
    expect(Math.abs(result.flexible - bestReachableAuc)).toBeLessThan(0.02);
  });

  it('is found by a logistic regression, within 0.02', () => {
    expect(result.logistic).toBeGreaterThan(result.flexible - 0.02);
    expect(result.logistic).toBeGreaterThan(bestReachableAuc - 0.02);
  });

  it('is more than recency alone tells, by 0.07', () => {
    expect(result.recency).toBeLessThan(result.logistic - 0.07);
  });

  it('includes an effect of failed payments, of plan and of session counts', () => {
    const effectOf = (name: (typeof featureNames)[number]) =>
      result.coefficients[featureNames.indexOf(name)]!;
    expect(effectOf('failed_payments_30d')).toBeGreaterThan(0.15);
    expect(effectOf('is_pro_plan')).toBeLessThan(-0.05);
    expect(effectOf('sessions_30d')).toBeLessThan(-0.3);
    expect(effectOf('days_since_last_login')).toBeGreaterThan(0.15);
  });

  it('concerns a base rate of 8 to 20 %', () => {
    expect(result.baseRate).toBeGreaterThan(0.08);
    expect(result.baseRate).toBeLessThan(0.2);
  });
});

describe('the population of eligible users', () => {
  const start = '2025-01-01';
  const world = { version: 2, seed: 9, users: 3_000, start };
  const training = [95, 140, 185, 230, 274].map((day) => addDays(start, day));
  const present = addDays(start, 365);
  const active = [...labelledRows(world, [...training, present])];
  const rows = active.filter((row) => row.isSubscribed);

  it.each(featureNames.map((name, place) => [name, place] as const))(
    'has a year on the %s that it had in the months of training',
    (_name, place) => {
      const valuesOf = (isWanted: (date: string) => boolean) =>
        rows.filter((row) => isWanted(row.date)).map((row) => row.features[place]!);
      const before = valuesOf((date) => date !== present);
      const now = valuesOf((date) => date === present);
      const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
      const usual = mean(before);
      const deviation = Math.sqrt(mean(before.map((value) => (value - usual) ** 2)));
      expect(Math.abs(mean(now) - usual) / deviation).toBeLessThan(0.1);
    },
  );

  it('neither grows nor dwindles much', () => {
    const eligible = (date: string) => rows.filter((row) => row.date === date).length;
    expect(eligible(present) / eligible(training[0]!)).toBeGreaterThan(0.9);
    expect(eligible(present) / eligible(training[0]!)).toBeLessThan(1.1);
  });
});

describe('the estimators of the reachable AUC', () => {
  it.each([
    ['1 when every churned row is above', [1, 2, 3, 4], [false, false, true, true], 1],
    ['0 when every churned row is below', [4, 3, 2, 1], [false, false, true, true], 0],
    ['½ when all scores are equal', [1, 1, 1, 1], [false, true, false, true], 0.5],
    ['the share of pairs in order', [1, 2, 3, 4], [true, false, true, false], 0.25],
  ])('measure an AUC of %s', (_what, scores, churned, auc) => {
    expect(areaUnderCurve(scores, churned)).toBe(auc);
  });

  it('differ where an interaction has to be found: trees see it, the regression does not', () => {
    const rows = Array.from({ length: 2_000 }, (_, row) => [(row * 7) % 10, (row * 3) % 11]);
    const churned = rows.map(([left, right]) => left! < 5 === right! < 5);
    const aucOf = (score: (row: readonly number[]) => number) =>
      areaUnderCurve(rows.map(score), churned);
    expect(aucOf(fitBoostedTrees(rows, churned, { rounds: 20 }))).toBeGreaterThan(0.95);
    expect(aucOf(fitLogisticRegression(rows, churned).score)).toBeLessThan(0.7);
  });
});
