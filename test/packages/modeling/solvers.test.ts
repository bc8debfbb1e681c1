import fc from 'fast-check';
import { gradientAscentSolver } from '../../../packages/modeling/solvers/gradient-ascent-solver';
import { newtonSolver } from '../../../packages/modeling/solvers/newton-solver';
import type { FittedModel } from '../../../packages/modeling/solvers/solver';
import {
  createTrainingMatrix,
  type TrainingMatrix,
} from '../../../packages/modeling/training-matrix';
import { scikitLearn } from './fixtures/scikit-learn-fixture';

function matrixOf(columns: readonly (readonly number[])[], labels: readonly number[]) {
  return createTrainingMatrix(
    columns.map((_, index) => `x${index}`),
    columns.map((column) => Float64Array.from(column)),
    Uint8Array.from(labels),
  );
}

const scikitRows = matrixOf(scikitLearn.columns, scikitLearn.labels);

/** The raw slope and intercept of a one-feature model. */
function rawLine({ coefficients, standardDeviations, means, intercept }: FittedModel) {
  const slope = coefficients[0]! / standardDeviations[0]!;
  return { slope, intercept: intercept - slope * means[0]! };
}

/** Xᵀ(p − y) + λw over standardised inputs, computed the plain way. */
function gradientOf(model: FittedModel, matrix: TrainingMatrix, l2: number): number[] {
  const gradient = new Array<number>(matrix.columns.length + 1).fill(0);
  for (let row = 0; row < matrix.rows; row++) {
    const inputs = matrix.columns.map(
      (column, j) => (column[row]! - model.means[j]!) / model.standardDeviations[j]!,
    );
    const logit = inputs.reduce((sum, z, j) => sum + z * model.coefficients[j]!, model.intercept);
    const residual = 1 / (1 + Math.exp(-logit)) - matrix.labels[row]!;
    gradient[0]! += residual;
    inputs.forEach((z, j) => (gradient[j + 1]! += residual * z));
  }
  model.coefficients.forEach((weight, j) => (gradient[j + 1]! += l2 * weight));
  return gradient;
}

/** Two points with churn rates 1/3 and 2/3. */
const twoPoints = matrixOf([[1, 1, 1, 2, 2, 2]], [1, 0, 0, 1, 1, 0]);

describe('the newton trainer', () => {
  it('solves the two-point design in closed form: slope 2 ln 2, intercept −3 ln 2', () => {
    const line = rawLine(newtonSolver.fit(twoPoints, { l2: 0 }));
    expect(line.slope).toBeCloseTo(2 * Math.LN2, 12);
    expect(line.intercept).toBeCloseTo(-3 * Math.LN2, 12);
  });

  it.each(scikitLearn.fits)('equals scikit-learn to 1e-6 at l2 = $l2', (expected) => {
    const fitted = newtonSolver.fit(scikitRows, { l2: expected.l2 });
    expect(fitted.converged).toBe(true);
    expect(Math.abs(fitted.intercept - expected.intercept)).toBeLessThan(1e-6);
    fitted.coefficients.forEach((weight, index) => {
      expect(Math.abs(weight - expected.coefficients[index]!)).toBeLessThan(1e-6);
    });
  });

  it('standardises as scikit-learn does: population standard deviation', () => {
    const fitted = newtonSolver.fit(scikitRows);
    fitted.means.forEach((mean, index) => {
      expect(mean).toBeCloseTo(scikitLearn.means[index]!, 10);
      expect(fitted.standardDeviations[index]!).toBeCloseTo(
        scikitLearn.standard_deviations[index]!,
        10,
      );
    });
  });

  it('penalises with λ = 1 by default', () => {
    expect(newtonSolver.fit(scikitRows)).toEqual(newtonSolver.fit(scikitRows, { l2: 1 }));
  });

  it('does not penalise the intercept: under a huge penalty the mean prediction is the base rate', () => {
    const fitted = newtonSolver.fit(scikitRows, { l2: 1e9 });
    const rate = scikitLearn.labels.reduce((sum, y) => sum + y, 0) / scikitLearn.labels.length;
    expect(1 / (1 + Math.exp(-fitted.intercept))).toBeCloseTo(rate, 6);
    expect(Math.max(...fitted.coefficients.map(Math.abs))).toBeLessThan(1e-6);
  });

  it('gives a constant column coefficient 0 and leaves the others as without it', () => {
    const withConstant = matrixOf(
      [...scikitLearn.columns, scikitLearn.labels.map(() => 0.1)],
      scikitLearn.labels,
    );
    const fitted = newtonSolver.fit(withConstant);
    expect(fitted.coefficients[6]).toBe(0);
    expect(fitted.isConstant[6]).toBe(true);
    expect(fitted.standardErrors[6]).toBeNull();
    expect(fitted.standardDeviations[6]).toBe(1);
    expect(fitted.coefficients.slice(0, 6)).toEqual(newtonSolver.fit(scikitRows).coefficients);
  });

  it('gives standard errors: between two groups √(1/a + 1/b + 1/c + 1/d) per unit', () => {
    const fitted = newtonSolver.fit(twoPoints, { l2: 0 });
    const perUnit = fitted.standardErrors[0]! / fitted.standardDeviations[0]!;
    expect(perUnit).toBeCloseTo(Math.sqrt(1 / 1 + 1 / 2 + 1 / 2 + 1 / 1), 9);
  });

  it('stays finite on separable data under L2', () => {
    const fitted = newtonSolver.fit(matrixOf([[1, 2, 3, 4]], [0, 0, 1, 1]));
    expect(fitted.converged).toBe(true);
    expect(fitted.coefficients[0]).toBeGreaterThan(0);
    expect(fitted.coefficients[0]).toBeLessThan(10);
  });

  it('says that separable data without a penalty does not converge', () => {
    const fitted = newtonSolver.fit(matrixOf([[1, 2, 3, 4]], [0, 0, 1, 1]), {
      l2: 0,
      maxIterations: 12,
    });
    expect(fitted.converged).toBe(false);
  });

  it('shares the weight evenly between a column and its copy', () => {
    const column = scikitLearn.columns[2]!;
    const twice = matrixOf([column, column], scikitLearn.labels);
    const fitted = newtonSolver.fit(twice, { l2: 1 });
    expect(fitted.converged).toBe(true);
    expect(fitted.coefficients[0]).toBeCloseTo(fitted.coefficients[1]!, 9);
  });

  it('starts large designs from a sample and ends where the small ones do', () => {
    const repeated = (values: readonly number[]) =>
      Array.from({ length: 400 }, () => values).flat();
    const large = matrixOf(scikitLearn.columns.map(repeated), repeated(scikitLearn.labels));
    const fromSample = newtonSolver.fit(large, { l2: 400 });
    const direct = newtonSolver.fit(scikitRows, { l2: 1 });
    expect(large.rows).toBeGreaterThan(100_000);
    expect(fromSample.converged).toBe(true);
    fromSample.coefficients.forEach((weight, index) => {
      expect(weight).toBeCloseTo(direct.coefficients[index]!, 9);
    });
  });

  it('gives the same bits twice', () => {
    expect(newtonSolver.fit(scikitRows)).toEqual(newtonSolver.fit(scikitRows));
  });

  it('refuses a design without rows', () => {
    expect(() => newtonSolver.fit(matrixOf([[]], []))).toThrow(RangeError);
  });
});

describe('what a fit by newton obeys, whatever the data', () => {
  const rows = fc.array(
    fc.record({
      count: fc.integer({ min: 0, max: 40 }),
      amount: fc.double({ min: -1e4, max: 1e4, noNaN: true }),
      flag: fc.integer({ min: 0, max: 1 }),
      label: fc.integer({ min: 0, max: 1 }),
    }),
    { minLength: 5, maxLength: 120 },
  );
  const matrixFrom = (data: { count: number; amount: number; flag: number; label: number }[]) =>
    matrixOf(
      [data.map((r) => r.count), data.map((r) => r.amount), data.map((r) => r.flag)],
      data.map((r) => r.label),
    );
  const l2 = fc.constantFrom(0.5, 1, 10);

  it('the gradient vanishes at the solution (KKT): below 1e-8 per row', () => {
    fc.assert(
      fc.property(rows, l2, (data, penalty) => {
        fc.pre(new Set(data.map((r) => r.label)).size === 2);
        const matrix = matrixFrom(data);
        const fitted = newtonSolver.fit(matrix, { l2: penalty });
        const steepest = Math.max(...gradientOf(fitted, matrix, penalty).map(Math.abs));
        expect(steepest).toBeLessThan(1e-8 * matrix.rows);
      }),
    );
  });

  it('the mean prediction is the base rate, since the intercept is free', () => {
    fc.assert(
      fc.property(rows, (data) => {
        fc.pre(new Set(data.map((r) => r.label)).size === 2);
        const matrix = matrixFrom(data);
        expect(Math.abs(gradientOf(newtonSolver.fit(matrix), matrix, 1)[0]!)).toBeLessThan(1e-7);
      }),
    );
  });

  it('units do not matter: a rescaled column keeps its standardised coefficient', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(0.001, 7, 1000), (data, factor) => {
        fc.pre(new Set(data.map((r) => r.label)).size === 2);
        const scaled = data.map((r) => ({ ...r, count: r.count * factor }));
        const before = newtonSolver.fit(matrixFrom(data)).coefficients;
        const after = newtonSolver.fit(matrixFrom(scaled)).coefficients;
        before.forEach((weight, index) => expect(after[index]!).toBeCloseTo(weight, 6));
      }),
    );
  });
});

describe('ml-logistic-regression as a trainer', () => {
  it('agrees with newton at λ = 0 to 1e-3', () => {
    const ascended = gradientAscentSolver.fit(scikitRows);
    const exact = newtonSolver.fit(scikitRows, { l2: 0 });
    expect(ascended.converged).toBe(true);
    expect(Math.abs(ascended.intercept - exact.intercept)).toBeLessThan(1e-3);
    ascended.coefficients.forEach((weight, index) => {
      expect(Math.abs(weight - exact.coefficients[index]!)).toBeLessThan(1e-3);
    });
  });

  it('says so when its steps were too few', () => {
    expect(gradientAscentSolver.fit(scikitRows, { maxIterations: 3 }).converged).toBe(false);
  });

  it('gives a constant column coefficient 0', () => {
    const fitted = gradientAscentSolver.fit(
      matrixOf(
        [
          [7, 7, 7, 7, 7, 7],
          [1, 1, 1, 2, 2, 2],
        ],
        [1, 0, 0, 1, 1, 0],
      ),
    );
    expect(fitted.coefficients[0]).toBe(0);
    expect(fitted.coefficients[1]! / fitted.standardDeviations[1]!).toBeCloseTo(2 * Math.LN2, 3);
  });

  it('refuses a penalty, which it does not have', () => {
    expect(() => gradientAscentSolver.fit(twoPoints, { l2: 1 })).toThrow(RangeError);
  });
});

describe('a training matrix', () => {
  it.each([
    ['a value is NaN', [[1, NaN]], [0, 1], /x0 has a value that is not a finite number/],
    ['a value is infinite', [[1, Infinity]], [0, 1], /x0 has a value/],
    ['a column is short', [[1]], [0, 1], /x0 has 1 rows, the labels have 2/],
    ['a label is 2', [[1, 2]], [0, 2], /neither 0 nor 1/],
  ])('is refused when %s', (_why, columns, labels, message) => {
    expect(() => matrixOf(columns, labels)).toThrow(message);
  });

  it('is refused when a name is missing', () => {
    expect(() => createTrainingMatrix([], [new Float64Array(1)], new Uint8Array(1))).toThrow(
      RangeError,
    );
  });
});
