import type {
  AtRiskList,
  BackfillChange,
  BackfillPreview,
  BackfillProgress,
  BackfillRequest,
  BackfillStarted,
  ChurnError,
  LoggedPrediction,
  OnlineMeta,
  OnlineVector,
  PartitionRow,
} from '../packages/contracts';
import type {
  ChampionChange,
  ChampionMoveRequest,
  Eligibility,
  ModelAliases,
  ServingModel,
} from '../packages/modeling';

/** One loaded, checked version; immutable, so that an answer comes from exactly one. */
export interface ServingVersion extends Pick<
  ServingModel,
  'version' | 'schemaHash' | 'predict' | 'explain'
> {
  /** metadata.json of the version. */
  readonly metadata: JsonDocument;
}

/** Where champions come from: one small file says which, and a folder holds it. */
export interface ChampionRegistry {
  /**
   * The version that is published as the champion (null: none yet) and the number of the event that
   * it is published with, which grows with every change. Asked once a second; needs no Postgres.
   */
  champion(): Promise<{ readonly version: string | null; readonly event: number }>;
  /** Publishes changes that Postgres has and a crash kept from being published. */
  publish(): Promise<void>;
  /** @throws ChurnError CORRUPT_MODEL when checksums or golden predictions do not hold. */
  load(version: string): Promise<ServingVersion>;
}

/** The model that serves. `current` never waits and never touches a disk. */
export interface ServingModelSource {
  current(): ServingVersion | null;
  /** Why the published champion does not serve: CORRUPT_MODEL or SCHEMA_MISMATCH; absent: it does. */
  readonly problem?: ChurnError | undefined;
  /** Looks at the champion alias at once, for example after a promotion. */
  refresh(): Promise<void>;
}

/**
 * Vectors in Redis that may be served: of this installation, published and undamaged. Null: the
 * user is not in the published partition.
 */
export interface OnlineFeatures {
  read(userId: string): Promise<OnlineVector | null>;
  /** One entry per id, in their order; an error is that user's alone. */
  readMany(userIds: readonly string[]): Promise<readonly (OnlineVector | ChurnError | null)[]>;
  /** What is published; null before the first sync. */
  meta(): Promise<OnlineMeta | null>;
}

/** ops.predictions. Rows whose id is there already are left alone (on conflict do nothing). */
export interface PredictionStore {
  /**
   * All rows or none. An error whose `code` is a SQLSTATE of class 22 or 23 says that a row will
   * never be taken; any other may pass with time.
   */
  insertPredictions(rows: readonly LoggedPrediction[]): Promise<void>;
}

/** The asynchronous, bounded log of predictions. `append` never waits and never throws. */
export interface PredictionLogPort {
  append(prediction: PendingPrediction): void;
  /** Where predictions go now. */
  readonly status: PredictionLogStatus;
  /** How many are not in ops.predictions yet. */
  readonly pending: number;
  /** How many of them are in files. */
  readonly spooled: number;
  /** How many were ever written to files; goes on after a restart, like `dropped`. */
  readonly spooledTotal: number;
  /** How many predictions were answered but could not be kept. */
  readonly dropped: number;
  /** Why predictions could not be written to files; undefined while they can. */
  readonly spoolProblem: ChurnError | undefined;
}

/**
 * `logging`: to the database; `spooling`: to files, until what is in them has been logged;
 * `buffering`: they wait in memory, as neither works. From the best to the worst.
 */
export const predictionLogStatuses = ['logging', 'spooling', 'buffering'] as const;
export type PredictionLogStatus = (typeof predictionLogStatuses)[number];

/** A prediction before its time is written out as text: formatting it is not the caller's to pay. */
export type PendingPrediction = Omit<LoggedPrediction, 'predictedAt'> & {
  readonly predictedAtMillis: number;
};

/** Backfills through a Temporal client. */
export interface Backfills {
  /** Attaches to the identical one that is running; BACKFILL_OVERLAP with another one over some of the dates. */
  start(request: BackfillRequest): Promise<BackfillStarted>;
  /** What `start` would do; runs nothing. */
  plan(request: BackfillRequest): Promise<BackfillPreview>;
  progress(id: string): Promise<BackfillProgress>;
  /** Each may be repeated; BACKFILL_ENDED once there is nothing left to change. */
  pause(id: string): Promise<BackfillChange>;
  resume(id: string): Promise<BackfillChange>;
  cancel(id: string): Promise<BackfillChange>;
}

export interface Partitions {
  /** Both dates inclusive; absent: no bound. */
  list(range: { readonly from?: string; readonly to?: string }): Promise<readonly PartitionRow[]>;
}

/** A JSON document in snake_case, as the command line prints it too. */
export type JsonDocument = Readonly<object>;

export interface Models {
  /** `models`: one summary document per version, newest first, each with its `version`. */
  list(): Promise<{ readonly aliases: ModelAliases; readonly models: readonly JsonDocument[] }>;
  /** metadata.json. */
  show(version: string): Promise<JsonDocument>;
  /** CHAMPION_CHANGED where the champion is not the one to be replaced. */
  promote(version: string, move: ChampionMoveRequest): Promise<ChampionChange>;
  /** Back to the previous champion; INVALID_REQUEST when there is none. */
  rollback(move: ChampionMoveRequest): Promise<ChampionChange>;
}

/** `signal`: of a caller who stops waiting; the promise then rejects with its reason. */
export interface AtRisk {
  /** Eligible users, most likely to churn first. */
  list(query: { readonly limit: number }, signal?: AbortSignal): Promise<AtRiskList>;
}

export interface Drift {
  /** The report of a date, or the newest one; null: there is none. */
  read(date: string | undefined, signal?: AbortSignal): Promise<JsonDocument | null>;
}

/** Each resolves when the service answers and rejects when it does not. */
export interface ServiceProbes {
  redis(): Promise<void>;
  postgres(): Promise<void>;
  temporal(): Promise<void>;
}

/** The features that are served: of packages/features, as far as the API looks at them. */
export interface FeatureSchema extends Eligibility {
  readonly features: readonly {
    readonly name: string;
    readonly type: 'float64' | 'int32' | 'bool';
  }[];
}

/** What the controllers use; `portProblems` says which errors each port raises. */
export interface ApiPorts {
  readonly featureSchema: FeatureSchema;
  readonly servingModel: ServingModelSource;
  readonly onlineFeatures: OnlineFeatures;
  readonly predictionLog: PredictionLogPort;
  readonly backfills: Backfills;
  readonly partitions: Partitions;
  readonly models: Models;
  readonly atRisk: AtRisk;
  readonly drift: Drift;
  readonly probes: ServiceProbes;
}

/** What the platform opens for the API; nothing in it connects before it is used. */
export interface ApiApplication extends Omit<ApiPorts, 'servingModel' | 'predictionLog'> {
  readonly championRegistry: ChampionRegistry;
  readonly predictionStore: PredictionStore;
  close(): Promise<void>;
}
