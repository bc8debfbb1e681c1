import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import {
  everyNth,
  logisticObjective,
  standardise,
  type ObjectiveValue,
  type StandardisedDesign,
} from './logistic-objective';
import type { FittedModel, Solver, SolverOptions } from './solver';

const MAX_HALVINGS = 30;
// Two losses closer than this, relatively, are equal as far as sums of floating point can tell.
const LOSS_NOISE = 1e-13;
const MIN_ROWS_TO_SAMPLE = 100_000;
const SAMPLE_STRIDE = 16;

/**
 * Newton's method on the penalised log likelihood (iteratively reweighted least squares): what
 * scikit-learn's `newton-cholesky` minimises, with C = 1 ÷ l2 on standardised inputs and a free
 * intercept. A step that does not lower the loss is halved.
 */
export const newtonSolver: Solver = {
  name: 'newton',
  defaults: { l2: 1, maxIterations: 50, tolerance: 1e-11 },
  fit(design, options = {}): FittedModel {
    if (design.rows === 0) throw new RangeError('there are no rows to fit');
    const settings = { ...newtonSolver.defaults, ...options };
    const standardised = standardise(design);
    return describe(standardised, minimise(standardised, settings), settings);
  },
};

interface Point {
  readonly parameters: Float64Array;
  readonly value: ObjectiveValue;
}

interface Solution extends Point {
  readonly iterations: number;
}

function minimise(standardised: StandardisedDesign, options: SolverOptions): Solution {
  const start = startingPoint(standardised, options);
  return descend(standardised, start, options);
}

function descend(
  standardised: StandardisedDesign,
  start: Float64Array,
  options: SolverOptions,
): Solution {
  const at = (parameters: Float64Array): Point => ({
    parameters,
    value: penalised(logisticObjective(standardised, parameters), parameters, options.l2),
  });
  let point = at(start);
  let iterations = 0;
  while (
    iterations < options.maxIterations &&
    largest(point.value.gradient) > options.tolerance * standardised.design.rows
  ) {
    const next = stepDownhill(point, at);
    if (!next) break;
    point = next;
    iterations += 1;
  }
  return { ...point, iterations };
}

/**
 * Zero; or, where a pass over all rows is expensive, the solution for every 16th row: it lies so
 * near that two passes are saved. The end is the same, since the minimum is one point.
 */
function startingPoint(standardised: StandardisedDesign, options: SolverOptions): Float64Array {
  const zero = new Float64Array(standardised.active.length + 1);
  if (standardised.design.rows < MIN_ROWS_TO_SAMPLE) return zero;
  const sampleOptions = { ...options, l2: options.l2 / SAMPLE_STRIDE, tolerance: 1e-6 };
  const solution = descend(everyNth(standardised, SAMPLE_STRIDE), zero, sampleOptions);
  const isNear = largest(solution.value.gradient) <= 1e-6 * solution.value.rows;
  return isNear ? solution.parameters : zero;
}

/** The Newton step, halved until the loss falls; undefined when no step lowers it. */
function stepDownhill(point: Point, at: (parameters: Float64Array) => Point): Point | undefined {
  const direction = solve(point.value.hessian, point.value.gradient);
  if (!direction) return undefined;
  let scale = 1;
  for (let halving = 0; halving <= MAX_HALVINGS; halving++, scale /= 2) {
    const next = at(point.parameters.map((value, index) => value - scale * direction[index]!));
    const isLower = next.value.loss < point.value.loss;
    const isLevel = next.value.loss - point.value.loss <= LOSS_NOISE * Math.abs(point.value.loss);
    const isFlatter = largest(next.value.gradient) < largest(point.value.gradient);
    if (isLower || (isLevel && isFlatter)) return next;
  }
  return undefined;
}

/** Adds λ/2 · ‖w‖² and its derivatives; parameter 0, the intercept, is free. */
function penalised(value: ObjectiveValue, parameters: Float64Array, l2: number): ObjectiveValue {
  const width = parameters.length;
  let penalty = 0;
  for (let index = 1; index < width; index++) {
    penalty += (l2 / 2) * parameters[index]! ** 2;
    value.gradient[index]! += l2 * parameters[index]!;
    value.hessian[index * width + index]! += l2;
  }
  return { ...value, loss: value.loss + penalty };
}

/** hessian⁻¹ · gradient; undefined when the Hessian is not positive definite. */
function solve(hessian: Float64Array, gradient: Float64Array): Float64Array | undefined {
  const decomposition = decompose(hessian, gradient.length);
  if (!decomposition) return undefined;
  const solution = decomposition.solve(Matrix.columnVector(gradient)).to1DArray();
  return solution.every(Number.isFinite) ? Float64Array.from(solution) : undefined;
}

function decompose(hessian: Float64Array, width: number): CholeskyDecomposition | undefined {
  const decomposition = new CholeskyDecomposition(Matrix.from1DArray(width, width, hessian));
  return decomposition.isPositiveDefinite() ? decomposition : undefined;
}

function largest(vector: Float64Array): number {
  return vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function describe(
  standardised: StandardisedDesign,
  solution: Solution,
  options: SolverOptions,
): FittedModel {
  const { design, active } = standardised;
  const weights = solution.parameters.slice(1);
  const errors = standardErrors(solution.value.hessian, solution.parameters.length);
  const gradientNormPerRow = largest(solution.value.gradient) / design.rows;
  const spread = <T>(values: ArrayLike<T>, missing: T): T[] =>
    design.columns.map((_, column) => values[active.indexOf(column)] ?? missing);
  const squared = weights.reduce((sum, weight) => sum + weight * weight, 0);
  return {
    means: [...standardised.means],
    standardDeviations: [...standardised.standardDeviations],
    isConstant: standardised.isConstant,
    coefficients: spread(weights, 0),
    intercept: solution.parameters[0]!,
    standardErrors: spread<number | null>(errors, null),
    converged: gradientNormPerRow <= options.tolerance,
    iterations: solution.iterations,
    gradientNormPerRow,
    logLikelihood: (options.l2 / 2) * squared - solution.value.loss,
  };
}

/** Of the weights, without the intercept. */
function standardErrors(hessian: Float64Array, width: number): (number | null)[] {
  const inverse = decompose(hessian, width)?.solve(Matrix.eye(width));
  return Array.from({ length: width - 1 }, (_, index) => {
    const variance = inverse?.get(index + 1, index + 1) ?? NaN;
    return variance > 0 && Number.isFinite(variance) ? Math.sqrt(variance) : null;
  });
}
