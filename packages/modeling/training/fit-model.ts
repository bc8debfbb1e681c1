import { ChurnError } from '../../contracts';
import { buildArtifact } from '../scoring/build-artifact';
import { evaluatePredictions } from '../evaluation/evaluate-predictions';
import { scoreColumns } from '../scoring/linear-scorer';
import type {
  DriftReference,
  EvaluationMetrics,
  ModelArtifact,
  ModelSchema,
  SolverName,
} from '../model-documents';
import { newtonSolver } from '../solvers/newton-solver';
import { driftReference } from '../evaluation/reference-distribution';
import type { FittedModel, Solver, SolverOptions } from '../solvers/solver';
import type { TrainingMatrix } from '../training-matrix';
import type { TrainingRows } from './training-rows';

/** A fit with all that is measured of it. */
export interface TrainedModel {
  readonly fitted: FittedModel;
  readonly artifact: ModelArtifact;
  readonly solver: SolverName;
  readonly solverMillis: number;
  /** On the validation rows. */
  readonly metrics: EvaluationMetrics;
  readonly trainingMetrics: EvaluationMetrics;
  /** Of recency alone, on the validation rows; null where the schema has no such feature. */
  readonly recencyBaseline: EvaluationMetrics | null;
  readonly driftReference: DriftReference;
}

/** @throws ChurnError TRAINING_NOT_CONVERGED when a coefficient is not a finite number. */
export function fitModel(input: {
  readonly solver: Solver;
  readonly settings: SolverOptions;
  readonly schema: ModelSchema;
  readonly training: TrainingRows;
  readonly validation: TrainingRows;
}): TrainedModel {
  const { solver, settings, schema } = input;
  const training = input.training.matrix;
  const validation = input.validation.matrix;
  const before = performance.now();
  const fitted = solver.fit(training, settings);
  const solverMillis = performance.now() - before;
  if (![fitted.intercept, ...fitted.coefficients].every(Number.isFinite)) {
    throw new ChurnError('TRAINING_NOT_CONVERGED', { iterations: fitted.iterations });
  }
  const trainingScores = scoreColumns(fitted, training.columns, training.rows);
  const metrics = evaluateFit(fitted, validation);
  return {
    fitted,
    artifact: buildArtifact({ fitted, schema, solver: solver.name, training }),
    solver: solver.name,
    solverMillis,
    metrics,
    trainingMetrics: evaluatePredictions(trainingScores, training.labels),
    recencyBaseline: recencyBaseline(schema.recency, training, validation),
    driftReference: driftReference({
      featureNames: training.featureNames,
      columns: training.columns,
      trainingScores,
      lastKnownChurnRate: metrics.base_rate,
    }),
  };
}

function evaluateFit(fitted: FittedModel, rows: TrainingMatrix): EvaluationMetrics {
  return evaluatePredictions(scoreColumns(fitted, rows.columns, rows.rows), rows.labels);
}

/** A model of one feature alone: what any other has to beat to be worth its keep. */
export function recencyBaseline(
  recency: string | null,
  training: TrainingMatrix,
  validation: TrainingMatrix,
): EvaluationMetrics | null {
  const index = recency === null ? -1 : training.featureNames.indexOf(recency);
  if (recency === null || index < 0) return null;
  const only = (rows: TrainingMatrix): TrainingMatrix => ({
    ...rows,
    featureNames: [recency],
    columns: [rows.columns[index]!],
  });
  return evaluateFit(newtonSolver.fit(only(training)), only(validation));
}
