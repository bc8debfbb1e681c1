import fc from 'fast-check';
import { featureSet } from '../../../packages/features/feature-set';
import { reasonText } from '../../../packages/modeling/scoring/reason-texts';
import { topReasons } from '../../../packages/modeling/scoring/serving-model';
import { createServingModel } from '../../../packages/modeling/scoring/serving-model';
import {
  contributionsOf,
  logitOf,
  scoreColumns,
  sigmoid,
} from '../../../packages/modeling/scoring/linear-scorer';
import type { ModelArtifact } from '../../../packages/modeling/model-documents';

const artifact: ModelArtifact = {
  format_version: 1,
  model_name: 'churn_model',
  algorithm: { name: 'logistic_regression', solver: 'newton' },
  schema_hash: 'a',
  label: 'label_churned_30d',
  feature_names: ['failed_payments_30d', 'days_since_last_login', 'is_pro_plan'],
  feature_types: ['int32', 'int32', 'bool'],
  means: [1, 10, 0.5],
  standard_deviations: [2, 5, 0.5],
  coefficients: {
    standardised: [0.8, 1, -0.5],
    raw: [0.4, 0.2, -1],
    standard_errors: [null, null, null],
  },
  intercept: -1,
  raw_intercept: -2.9,
  golden_predictions: [{ values: [1, 10, 0.5], probability: sigmoid(-1) }],
};
const wording = new Map(featureSet.features.map((one) => [one.name, one.wording ?? {}]));
const model = createServingModel('v001', artifact, wording);

describe('contributions', () => {
  it('are w · (x − mean) ÷ sd, in log-odds against the average user', () => {
    const { contributions } = model.explain({
      failed_payments_30d: 3,
      days_since_last_login: 0,
      is_pro_plan: true,
    });
    expect(contributions.map(({ contribution }) => contribution)).toEqual([0.8, -2, -0.5]);
    expect(contributions.map(({ text }) => text)).toEqual([
      '3 failed payments in 30 days: +0.8',
      'login within the last day: -2.0',
      'on the pro plan: -0.5',
    ]);
  });

  it('sum with the intercept to the logit, bit by bit, and the logit is the prediction’s', () => {
    const value = fc.double({ min: -1e3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(value, value, fc.boolean(), (payments, days, isPro) => {
        const features = {
          failed_payments_30d: payments,
          days_since_last_login: days,
          is_pro_plan: isPro,
        };
        const explanation = model.explain(features);
        const parts = explanation.contributions.map(({ contribution }) => contribution);
        expect(explanation.logit).toBe(explanation.intercept + parts.reduce((a, b) => a + b, 0));
        expect(model.predict(features)).toBe(sigmoid(explanation.logit));
        expect(explanation.probability).toBe(model.predict(features));
      }),
    );
  });

  it('agree with the raw coefficients to rounding', () => {
    const { coefficients, raw_intercept } = artifact;
    const values = [3, 21, 0];
    const raw = values.reduce((sum, x, j) => sum + x * coefficients.raw[j]!, raw_intercept);
    const linear = {
      means: artifact.means,
      standardDeviations: artifact.standard_deviations,
      coefficients: coefficients.standardised,
      intercept: artifact.intercept,
    };
    expect(logitOf(-1, contributionsOf(linear, values))).toBeCloseTo(raw, 12);
  });

  it('of a column scored in bulk are those of one row at a time, bit by bit', () => {
    const columns = [
      Float64Array.of(0, 1, 2, 7),
      Float64Array.of(30, 0.1, 3, 5),
      Float64Array.of(0, 1, 0, 1),
    ];
    const bulk = model.scoreColumns(columns, 4);
    [0, 1, 2, 3].forEach((row) => {
      const single = model.predict({
        failed_payments_30d: columns[0]![row]!,
        days_since_last_login: columns[1]![row]!,
        is_pro_plan: columns[2]![row] === 1,
      });
      expect(bulk[row]).toBe(single);
    });
  });

  it('of a constant column are 0, whatever its value later', () => {
    const linear = { means: [5], standardDeviations: [1], coefficients: [0], intercept: 0.3 };
    expect(contributionsOf(linear, [99])).toEqual([0]);
    expect(scoreColumns(linear, [Float64Array.of(99)], 1)[0]).toBe(sigmoid(0.3));
  });
});

describe('the top reasons', () => {
  it('are what raises the risk, strongest first', () => {
    const explanation = model.explain({
      failed_payments_30d: 3,
      days_since_last_login: 21,
      is_pro_plan: true,
    });
    expect(topReasons(explanation)).toEqual([
      'no login for 21 days: +2.2',
      '3 failed payments in 30 days: +0.8',
    ]);
  });
});

describe('the words of a reason', () => {
  it.each([
    ['failed_payments_30d', 1, 0.81, '1 failed payment in 30 days: +0.8'],
    ['failed_payments_30d', 0, -0.2, 'no failed payments in 30 days: -0.2'],
    ['days_since_last_login', 0, -1, 'login within the last day: -1.0'],
    ['days_since_last_login', 1, -1, 'no login for 1 day: -1.0'],
    ['sessions_30d', 12, -0.4, '12 sessions in 30 days: -0.4'],
    ['avg_sessions_7d', 3 / 7, 0.3, '0.43 sessions a day in 7 days: +0.3'],
    ['total_spend_90d', 29.9, -0.1, '29.9 spent in 90 days: -0.1'],
    ['is_pro_plan', 0, 0.04, 'not on the pro plan: +0.04'],
    ['tickets_7d', 2, 0.5, 'tickets_7d is 2: +0.5'],
  ])('%s = %d', (name, value, contribution, text) => {
    expect(reasonText({ name, value, wording: wording.get(name) }, contribution)).toBe(text);
  });
});

describe('a model that does not hold together', () => {
  it.each([
    [
      'a golden prediction differs',
      { golden_predictions: [{ values: [1, 10, 0.5], probability: 0.5 }] },
    ],
    [
      'a golden prediction is null',
      { golden_predictions: [{ values: [1, 10, null as never], probability: null as never }] },
    ],
    ['there are no golden predictions', { golden_predictions: [] }],
    ['a mean is missing', { means: [1, 10] }],
    ['a deviation is 0', { standard_deviations: [2, 5, 0] }],
  ])('is refused when %s', (_case, damage) => {
    expect(() => createServingModel('v001', { ...artifact, ...damage })).toThrow(
      expect.objectContaining({ code: 'CORRUPT_MODEL' }),
    );
  });
});

describe('a prediction', () => {
  it.each([
    ['missing', {}],
    ['NaN', { failed_payments_30d: NaN }],
  ])('is refused when a feature is %s, and the message names it', (_case, given) => {
    const rest = { days_since_last_login: 1, is_pro_plan: true };
    expect(() => model.predict({ ...rest, ...given })).toThrow(/failed_payments_30d/);
  });
});

describe('the logistic function', () => {
  it('does not overflow at either end', () => {
    expect(sigmoid(1000)).toBe(1);
    expect(sigmoid(-1000)).toBe(0);
    expect(sigmoid(0)).toBe(0.5);
  });
});
