import type { PublishedPartition } from '../../contracts';
import type { DuckDb } from '../../duckdb';
import type { EpochMicros, LogicalDate } from '../../instants';
import type { ModelSchema } from '../model-documents';
import type { ModelEventLog } from '../registry/model-event-log';
import type { ServedFeatures } from '../partition-rows';
import type { Solver, SolverOptions } from '../solvers/solver';
import type { TrainedModel } from './fit-model';
import type { TrainingInputs } from './training-inputs';
import type { TrainingRows } from './training-rows';

export type TrainingStage = 'reading' | 'fitting' | 'evaluating' | 'publishing';

export interface TrainModelOptions {
  /** The current revision of each day; their labels count, and their features unless served ones are given. */
  readonly partitions: readonly PublishedPartition[];
  /** Features as they were served (see `selectTrainingPartitions`): at most one per day. */
  readonly servedFeatures?: readonly ServedFeatures[];
  readonly schema: ModelSchema;
  readonly openDuckDb: () => Promise<DuckDb>;
  readonly modelsDir: string;
  /** D: days up to D − 31 d are used. */
  readonly asOf: LogicalDate;
  readonly createdAt: EpochMicros;
  /** What the training code was built from; recorded, and without influence on the model. */
  readonly codeVersion: string;
  /** Of the training sample. */
  readonly seed: number;
  /** Fits with its defaults. Default: Newton's method with an L2 of 1, scikit-learn's C = 1. */
  readonly solver?: Solver;
  /** Where the version's number and its promotion are decided; it is asked before anything is published. */
  readonly eventLog: ModelEventLog;
  /** Called at each stage and after each day that is read; may be used to heartbeat. */
  readonly onProgress?: (progress: { stage: TrainingStage; date?: LogicalDate }) => void;
  readonly signal?: AbortSignal;
}

export interface InputRows {
  readonly training: TrainingRows;
  readonly validation: TrainingRows;
  readonly users: number;
}

export interface TrainingRun {
  readonly options: TrainModelOptions;
  readonly inputs: TrainingInputs;
  readonly hash: string;
  readonly duckDb: DuckDb;
  readonly rows: InputRows;
  readonly trained: TrainedModel;
  readonly settings: SolverOptions;
  /** On the clock of `performance.now()`. */
  readonly started: number;
}
