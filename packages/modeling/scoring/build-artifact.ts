import type { GoldenPrediction, ModelArtifact, ModelSchema, SolverName } from '../model-documents';
import { contributionsOf, logitOf, sigmoid, type LinearModel } from './linear-scorer';
import type { FittedModel } from '../solvers/solver';
import type { TrainingMatrix } from '../training-matrix';

const GOLDEN_ROWS = 20;

/** model.json from a fit: the same rows and options give the same document. */
export function buildArtifact(input: {
  readonly fitted: FittedModel;
  readonly schema: ModelSchema;
  readonly solver: SolverName;
  readonly training: TrainingMatrix;
}): ModelArtifact {
  const { fitted, schema } = input;
  const raw = fitted.coefficients.map(
    (weight, index) => weight / fitted.standardDeviations[index]!,
  );
  const shift = raw.reduce((sum, weight, index) => sum + weight * fitted.means[index]!, 0);
  return {
    format_version: 1,
    model_name: 'churn_model',
    algorithm: { name: 'logistic_regression', solver: input.solver },
    schema_hash: schema.schemaHash,
    label: schema.label.name,
    feature_names: schema.features.map(({ name }) => name),
    feature_types: schema.features.map(({ type }) => type),
    means: fitted.means,
    standard_deviations: fitted.standardDeviations,
    coefficients: {
      standardised: fitted.coefficients,
      raw,
      standard_errors: fitted.standardErrors,
    },
    intercept: fitted.intercept,
    raw_intercept: fitted.intercept - shift,
    golden_predictions: goldenPredictions(fitted, input.training),
  };
}

/** Rows at even distances through the training rows. */
function goldenPredictions(model: LinearModel, training: TrainingMatrix): GoldenPrediction[] {
  const count = Math.min(GOLDEN_ROWS, training.rows);
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor((index * training.rows) / count);
    const values = training.columns.map((column) => column[row]!);
    return { values, probability: probabilityOf(model, values) };
  });
}

export function linearModelOf(artifact: ModelArtifact): LinearModel {
  return {
    means: artifact.means,
    standardDeviations: artifact.standard_deviations,
    coefficients: artifact.coefficients.standardised,
    intercept: artifact.intercept,
  };
}

export function probabilityOf(model: LinearModel, values: ArrayLike<number>): number {
  return sigmoid(logitOf(model.intercept, contributionsOf(model, values)));
}
