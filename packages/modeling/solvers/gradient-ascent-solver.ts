import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';
import { logisticObjective, standardise, type StandardisedDesign } from './logistic-objective';
import type { FittedModel, Solver } from './solver';

/**
 * `ml-logistic-regression`: gradient ascent with a fixed step for a fixed number of steps, no
 * intercept, no penalty and no test of convergence of its own. It is fed standardised inputs and a
 * column of ones; the step is 4 ÷ n because it follows the sum of the gradients, not their mean;
 * and the gradient is measured afterwards. It fits both mirror images of the model, so a step
 * costs twice: meant for small data and for comparison.
 */
export const gradientAscentSolver: Solver = {
  name: 'ml-logistic-regression',
  defaults: { l2: 0, maxIterations: 2000, tolerance: 1e-5 },
  fit(design, options = {}): FittedModel {
    if (design.rows === 0) throw new RangeError('there are no rows to fit');
    const settings = { ...gradientAscentSolver.defaults, ...options };
    if (settings.l2 !== 0) throw new RangeError('ml-logistic-regression has no L2 penalty');
    const standardised = standardise(design);
    const parameters = ascend(standardised, settings.maxIterations);
    const { loss, gradient } = logisticObjective(standardised, parameters);
    const steepest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const gradientNormPerRow = steepest / design.rows;
    const { active, isConstant } = standardised;
    return {
      means: [...standardised.means],
      standardDeviations: [...standardised.standardDeviations],
      isConstant,
      coefficients: isConstant
        .map((_, column) => parameters[active.indexOf(column) + 1] ?? 0)
        .map((weight, column) => (isConstant[column] ? 0 : weight)),
      intercept: parameters[0]!,
      standardErrors: isConstant.map(() => null),
      converged: gradientNormPerRow <= settings.tolerance,
      iterations: settings.maxIterations,
      gradientNormPerRow,
      logLikelihood: -loss,
    };
  },
};

/** Intercept, then one weight per active column. */
function ascend(standardised: StandardisedDesign, steps: number): Float64Array {
  const { design, active, means, standardDeviations } = standardised;
  const inputs = new Matrix(design.rows, active.length + 1);
  for (let row = 0; row < design.rows; row++) {
    inputs.set(row, 0, 1);
    active.forEach((column, position) => {
      const value = design.columns[column]![row]!;
      inputs.set(row, position + 1, (value - means[column]!) / standardDeviations[column]!);
    });
  }
  const regression = new LogisticRegression({ numSteps: steps, learningRate: 4 / design.rows });
  regression.train(inputs, Matrix.columnVector(design.labels));
  // Classifier 0 codes "class 0" as 0, so its scores are P(class ≠ 0) = P(churn).
  return Float64Array.from(regression.classifiers[0]!.weights!.to1DArray());
}
