import fc from 'fast-check';
import { evaluatePredictions } from '../../../packages/modeling/evaluation/evaluate-predictions';
import { newtonSolver } from '../../../packages/modeling/solvers/newton-solver';
import { createTrainingMatrix } from '../../../packages/modeling/training-matrix';
import { recencyBaseline } from '../../../packages/modeling/training/fit-model';
import { scoreColumns } from '../../../packages/modeling/scoring/linear-scorer';
import { scikitLearn } from './fixtures/scikit-learn-fixture';

const evaluate = (probabilities: readonly number[], labels: readonly number[]) =>
  evaluatePredictions(Float64Array.from(probabilities), Uint8Array.from(labels));

const scikitColumns = scikitLearn.columns.map((column) => Float64Array.from(column));
const scikitLabels = Uint8Array.from(scikitLearn.labels);

describe('evaluation', () => {
  it.each(scikitLearn.fits)('equals scikit-learn on the model of l2 = $l2', (expected) => {
    const names = scikitColumns.map((_, index) => `x${index}`);
    const matrix = createTrainingMatrix(names, scikitColumns, scikitLabels);
    const fitted = newtonSolver.fit(matrix, { l2: expected.l2 });
    const metrics = evaluatePredictions(
      scoreColumns(fitted, scikitColumns, matrix.rows),
      scikitLabels,
    );
    expect(metrics.auc).toBeCloseTo(expected.auc, 12);
    expect(metrics.pr_auc).toBeCloseTo(expected.average_precision, 12);
    expect(metrics.log_loss).toBeCloseTo(expected.log_loss, 10);
    expect(metrics.brier).toBeCloseTo(expected.brier, 10);
  });

  it('equals scikit-learn on scores with many ties', () => {
    const metrics = evaluate(scikitLearn.tied.scores, scikitLearn.labels);
    expect(metrics.auc).toBeCloseTo(scikitLearn.tied.auc, 12);
    expect(metrics.pr_auc).toBeCloseTo(scikitLearn.tied.average_precision, 12);
  });

  it('is worked out by hand for four rows', () => {
    // Pairs (positive, negative): (0.8, 0.6) won, (0.8, 0.2) won, (0.4, 0.6) lost, (0.4, 0.2) won.
    const metrics = evaluate([0.8, 0.6, 0.4, 0.2], [1, 0, 1, 0]);
    expect(metrics.auc).toBe(0.75);
    expect(metrics.pr_auc).toBeCloseTo((1 / 1 + 2 / 3) / 2, 15);
    expect(metrics.brier).toBeCloseTo((0.04 + 0.36 + 0.36 + 0.04) / 4, 15);
    expect(metrics.log_loss).toBeCloseTo(-(2 * Math.log(0.8) + 2 * Math.log(0.4)) / 4, 15);
    expect(metrics.base_rate).toBe(0.5);
    expect(metrics.mean_probability).toBeCloseTo(0.5, 15);
    expect(metrics.top_decile_lift).toBe(2);
  });

  it.each([
    ['every score is equal', [0.3, 0.3, 0.3, 0.3], [1, 0, 0, 1], 0.5],
    ['the order is perfect', [0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], 1],
    ['the order is reversed', [0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], 0],
    ['one pair of two is tied', [0.5, 0.5, 0.1], [1, 0, 0], 0.75],
  ])('gives an AUC when %s', (_case, scores, labels, auc) => {
    expect(evaluate(scores, labels).auc).toBe(auc);
  });

  it('counts a tie at the edge of the top decile in proportion', () => {
    // 20 rows: the top two are one of 0.9 (churned) and one of four at 0.5, of which one churned.
    const scores = [0.9, 0.5, 0.5, 0.5, 0.5, ...new Array<number>(15).fill(0.1)];
    const labels = [1, 1, 0, 0, 0, 1, 1, ...new Array<number>(13).fill(0)];
    expect(evaluate(scores, labels).top_decile_lift).toBeCloseTo(1.25 / 2 / (4 / 20), 12);
  });

  it('bins calibration by tenths and weighs its error by rows', () => {
    const metrics = evaluate([0.05, 0.05, 0.05, 1], [0, 1, 0, 1]);
    expect(metrics.calibration_bins).toEqual([
      {
        lower: 0,
        upper: 0.1,
        count: 3,
        mean_predicted: expect.closeTo(0.05),
        observed_rate: 1 / 3,
      },
      { lower: 0.9, upper: 1, count: 1, mean_predicted: 1, observed_rate: 1 },
    ]);
    expect(metrics.ece).toBeCloseTo(0.75 * (1 / 3 - 0.05), 12);
  });

  it('finds slope 1 and intercept 0 where the probabilities are the observed rates', () => {
    const groups: [probability: number, churned: number][] = [
      [0.1, 10],
      [0.5, 50],
      [0.8, 80],
    ];
    const scores = groups.flatMap(([probability]) => new Array<number>(100).fill(probability));
    const labels = groups.flatMap(([, churned]) =>
      Array.from({ length: 100 }, (_, row) => (row < churned ? 1 : 0)),
    );
    const metrics = evaluate(scores, labels);
    expect(metrics.calibration_slope).toBeCloseTo(1, 9);
    expect(metrics.calibration_intercept).toBeCloseTo(0, 9);
    expect(metrics.ece).toBeCloseTo(0, 12);
  });

  it('finds a slope of ½ where logits are twice too extreme', () => {
    const extreme = (rate: number) => {
      const logit = 2 * Math.log(rate / (1 - rate));
      return 1 / (1 + Math.exp(-logit));
    };
    const scores = [0.1, 0.5, 0.8].flatMap((rate) => new Array<number>(100).fill(extreme(rate)));
    const labels = [10, 50, 80].flatMap((churned) =>
      Array.from({ length: 100 }, (_, row) => (row < churned ? 1 : 0)),
    );
    expect(evaluate(scores, labels).calibration_slope).toBeCloseTo(0.5, 9);
  });

  it('has no calibration line for one probability or a perfect separation', () => {
    expect(evaluate([0.3, 0.3], [0, 1]).calibration_slope).toBeNull();
    expect(evaluate([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]).calibration_slope).toBeNull();
  });

  it('costs a certain mistake 34.5 nats, not infinitely many', () => {
    expect(evaluate([1, 0.5], [0, 1]).log_loss).toBeCloseTo((34.539 + Math.LN2) / 2, 2);
  });

  it.each([
    ['one outcome only', [0.1, 0.2], [0, 0]],
    ['no rows', [], []],
    ['a NaN', [NaN, 0.5], [0, 1]],
    ['unequal lengths', [0.5], [0, 1]],
  ])('refuses %s', (_case, scores, labels) => {
    expect(() => evaluate(scores, labels)).toThrow(RangeError);
  });
});

describe('the recency-only baseline', () => {
  const rowsOf = (recency: number[], labels: number[], name = 'days_since_last_login') =>
    createTrainingMatrix([name], [Float64Array.from(recency)], Uint8Array.from(labels));
  const silentLeave = rowsOf([1, 2, 3, 20, 25, 30], [0, 0, 0, 1, 1, 1]);
  const silentStay = rowsOf([1, 2, 3, 20, 25, 30], [1, 1, 1, 0, 0, 0]);

  it('is fitted on the training rows alone: a world turned round is judged by the old one', () => {
    expect(recencyBaseline('days_since_last_login', silentLeave, silentLeave)!.auc).toBe(1);
    expect(recencyBaseline('days_since_last_login', silentLeave, silentStay)!.auc).toBe(0);
  });

  it('is absent where the schema has no such feature', () => {
    const other = rowsOf([1, 2], [0, 1], 'other');
    expect(recencyBaseline('days_since_last_login', other, other)).toBeNull();
    expect(recencyBaseline(null, silentLeave, silentStay)).toBeNull();
  });
});

describe('what ranking metrics obey, whatever the scores', () => {
  const rows = fc
    .array(
      fc.record({ score: fc.integer({ min: 0, max: 20 }), label: fc.integer({ min: 0, max: 1 }) }),
      {
        minLength: 2,
        maxLength: 60,
      },
    )
    .filter((data) => new Set(data.map((row) => row.label)).size === 2);
  const labelsOf = (data: { label: number }[]) => data.map((row) => row.label);

  it('AUC is the share of pairs in the right order, ties counting half', () => {
    fc.assert(
      fc.property(rows, (data) => {
        let wins = 0;
        const positives = data.filter((row) => row.label === 1);
        const negatives = data.filter((row) => row.label === 0);
        for (const { score: high } of positives) {
          for (const { score: low } of negatives) wins += high > low ? 1 : high === low ? 0.5 : 0;
        }
        const { auc } = evaluate(
          data.map((row) => row.score / 20),
          labelsOf(data),
        );
        expect(auc).toBeCloseTo(wins / positives.length / negatives.length, 12);
      }),
    );
  });

  it('neither AUC nor average precision nor lift change under a monotone transform', () => {
    fc.assert(
      fc.property(rows, (data) => {
        const before = evaluate(
          data.map((row) => row.score / 20),
          labelsOf(data),
        );
        const after = evaluate(
          data.map((row) => (row.score / 20) ** 3),
          labelsOf(data),
        );
        expect([after.auc, after.pr_auc, after.top_decile_lift]).toEqual([
          before.auc,
          before.pr_auc,
          before.top_decile_lift,
        ]);
      }),
    );
  });

  it('the order of the rows does not matter', () => {
    fc.assert(
      fc.property(rows, (data) => {
        const reversed = data.toReversed();
        const before = evaluate(
          data.map((row) => row.score / 20),
          labelsOf(data),
        );
        const after = evaluate(
          reversed.map((row) => row.score / 20),
          labelsOf(reversed),
        );
        expect(after.auc).toBe(before.auc);
        expect(after.log_loss).toBeCloseTo(before.log_loss, 12);
      }),
    );
  });
});
