import type { SolverName } from '../model-documents';
import type { TrainingMatrix } from '../training-matrix';

export interface SolverOptions {
  /** λ in Σ log loss + λ/2 · ‖w‖² over standardised w, the intercept left out; ½‖w‖² is sklearn's C = 1. */
  readonly l2: number;
  readonly maxIterations: number;
  /** Converged when ‖gradient of the objective‖∞ ÷ rows is at most this. */
  readonly tolerance: number;
}

/** Standardised inputs: z_j = (x_j − means_j) ÷ standardDeviations_j. */
export interface FittedModel {
  readonly means: readonly number[];
  /** 1 where the column is constant. */
  readonly standardDeviations: readonly number[];
  readonly isConstant: readonly boolean[];
  /** Log-odds per standard deviation; 0 where the column is constant. */
  readonly coefficients: readonly number[];
  readonly intercept: number;
  /** Square roots of the diagonal of the inverse (penalised) Hessian; null where not defined. */
  readonly standardErrors: readonly (number | null)[];
  readonly converged: boolean;
  readonly iterations: number;
  readonly gradientNormPerRow: number;
  /** Without the penalty, in nats. */
  readonly logLikelihood: number;
}

/** A way to fit a logistic regression. Deterministic: the same design gives the same bits. */
export interface Solver {
  readonly name: SolverName;
  readonly defaults: SolverOptions;
  /** @throws RangeError without rows, or with a penalty that the solver does not have. */
  fit(design: TrainingMatrix, options?: Partial<SolverOptions>): FittedModel;
}
