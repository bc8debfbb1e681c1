import type { FeatureWording } from '../features';

/** The schema a model is trained on and checked against; a `FeatureSet` of packages/features is one. */
export interface ModelSchema {
  readonly features: readonly (ModelSchemaFeature & { readonly wording?: FeatureWording })[];
  readonly label: { readonly name: string };
  /** The state of a user who can still leave: whoever is not in it has left. */
  readonly state: { readonly name: string };
  /** The feature that is above 0 for whoever is predicted; the others are dormant. */
  readonly eligibleBy: string;
  /** By name of a feature, of the label or of the state. */
  readonly definitionHashes: Readonly<Record<string, string>>;
  /** The feature of the baseline that a model is compared with; null: there is none. */
  readonly recency: string | null;
  readonly schemaHash: string;
}

export interface ModelSchemaFeature {
  readonly name: string;
  readonly type: 'float64' | 'int32' | 'bool';
  readonly unit: string;
  readonly description: string;
}

export type SolverName = 'newton' | 'ml-logistic-regression';

/** A model version's name: `v001`, `v002`, …, `v1000`. */
export type ModelVersion = string;

/** One input and what the model answered when it was trained; replayed before a model serves. */
export interface GoldenPrediction {
  /** In feature order; booleans as 0 and 1. */
  readonly values: readonly number[];
  readonly probability: number;
}

/**
 * model.json: all that a prediction needs. Deterministic: the same rows and options give the same
 * bytes. logit = intercept + Σ coefficient_j · (x_j − mean_j) ÷ sd_j.
 */
export interface ModelArtifact {
  readonly format_version: 1;
  readonly model_name: 'churn_model';
  readonly algorithm: { readonly name: 'logistic_regression'; readonly solver: SolverName };
  readonly schema_hash: string;
  readonly label: string;
  readonly feature_names: readonly string[];
  readonly feature_types: readonly ModelSchemaFeature['type'][];
  readonly means: readonly number[];
  /** Population standard deviations; 1 for a constant column (its coefficient is 0). */
  readonly standard_deviations: readonly number[];
  readonly coefficients: {
    /** Log-odds per standard deviation. */
    readonly standardised: readonly number[];
    /** Log-odds per unit of the feature. */
    readonly raw: readonly number[];
    /** Of the standardised ones; null when the solver gives none. */
    readonly standard_errors: readonly (number | null)[];
  };
  /** Log-odds of the average user. */
  readonly intercept: number;
  /** Log-odds where every feature is 0. */
  readonly raw_intercept: number;
  readonly golden_predictions: readonly GoldenPrediction[];
}

export interface CalibrationBin {
  /** Of probability, [lower, upper); the last one includes 1. */
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  readonly mean_predicted: number;
  readonly observed_rate: number;
}

/** How well probabilities and outcomes agree on a set of rows. */
export interface EvaluationMetrics {
  readonly rows: number;
  readonly positives: number;
  readonly base_rate: number;
  readonly auc: number;
  /** Average precision, as scikit-learn defines it. */
  readonly pr_auc: number;
  /** Nats per row. */
  readonly log_loss: number;
  readonly brier: number;
  /** Expected calibration error over the ten bins, 0 to 1. */
  readonly ece: number;
  /** Of the outcome regressed on the logit: 1 and 0 are perfect; null where it can't be fitted. */
  readonly calibration_slope: number | null;
  readonly calibration_intercept: number | null;
  /** Churn rate of the tenth with the highest scores ÷ base rate. */
  readonly top_decile_lift: number;
  readonly mean_probability: number;
  readonly calibration_bins: readonly CalibrationBin[];
}

/**
 * A column's distribution, frozen at training. Bins, in order: null or NaN; exactly 0; then
 * (−∞, e₁], (e₁, e₂], …, (eₖ, +∞) of the other values, where the edges are deduplicated deciles.
 * `binCounts` counts today's values in the same bins.
 */
export interface ReferenceDistribution {
  readonly name: string;
  /** e₁ … eₖ, ascending, k ≤ 9. */
  readonly edges: readonly number[];
  /** k + 3 counts: null, zero, and the k + 1 intervals. */
  readonly counts: readonly number[];
  readonly rows: number;
  readonly mean: number;
  /** Population standard deviation. */
  readonly standard_deviation: number;
  readonly null_share: number;
  /** One value only: drift of it is not measurable. */
  readonly constant: boolean;
}

export interface DriftReference {
  /** Eligible training rows. */
  readonly rows: number;
  readonly features: readonly ReferenceDistribution[];
  /** Of the probabilities on the training rows. */
  readonly scores: ReferenceDistribution;
  readonly mean_score: number;
  /** Churn rate of the validation rows, the latest that are known. */
  readonly last_known_churn_rate: number;
}

export interface GateCheck {
  readonly name: string;
  readonly passed: boolean;
  /** A sentence with the numbers it rests on. */
  readonly reason: string;
}

export interface PromotionDecision {
  readonly promoted: boolean;
  /** The champion it was compared with. */
  readonly champion: ModelVersion | null;
  readonly reason: string;
  readonly checks: readonly GateCheck[];
}

interface DayRange {
  readonly from: string;
  readonly to: string;
  readonly days: number;
}

export interface TrainingSplit {
  readonly method: 'purged_time';
  readonly training: DayRange;
  readonly validation: DayRange;
  readonly gap: DayRange;
}

interface InstantRange {
  readonly min: string;
  readonly max: string;
}

interface BatchRange {
  readonly min: number;
  readonly max: number;
}

export interface PartitionInput {
  readonly date: string;
  readonly role: 'training' | 'validation';
  readonly revision: number;
  readonly content_hash: string;
  readonly sha256: string;
  readonly rows: number;
  /** K and S of the features. */
  readonly known_at: string;
  readonly batch: number;
  /** L and its S. */
  readonly label_known_at: string;
  readonly label_batch: number;
  /**
   * Present where the features are not those of the revision the label is of: the revision that
   * was served, or null where they were computed for this training as they were served.
   */
  readonly features_revision?: number | null;
  readonly features_sha256?: string;
}

/** What the features and labels of the training rows were computed from. */
export interface TrainingKnowledge {
  readonly features: {
    /** Days by how the K of their features was chosen. */
    readonly kinds: Readonly<Record<string, number>>;
    /** How many of the days have their features as they were served. */
    readonly as_served: number;
    readonly known_at: InstantRange;
    readonly batch: BatchRange;
  };
  readonly labels: {
    readonly known_at: InstantRange;
    readonly batch: BatchRange;
    readonly complete_through: InstantRange | null;
  };
}

/** metadata.json: how a model came to be, what it is worth and what it was measured against. */
export interface ModelMetadata {
  readonly format_version: 1;
  readonly model_name: 'churn_model';
  readonly model_version: ModelVersion;
  readonly created_at: string;
  readonly training_time: { readonly duration_ms: number; readonly solver_ms: number };
  readonly as_of: string;
  readonly input_hash: string;
  readonly status: 'converged' | 'not_converged';
  readonly algorithm: {
    readonly name: 'logistic_regression';
    readonly solver: SolverName;
    readonly l2: number;
    readonly max_iterations: number;
    readonly tolerance: number;
    readonly iterations: number;
    readonly converged: boolean;
    /** ‖gradient of the objective‖∞ ÷ rows at the solution: 0 is optimal (KKT). */
    readonly gradient_norm_per_row: number;
    readonly log_likelihood: number;
  };
  readonly seed: number;
  readonly library_versions: Readonly<Record<string, string>>;
  readonly code_version: string | null;
  readonly feature_schema: readonly ModelSchemaFeature[];
  readonly feature_schema_hash: string;
  readonly standardizer: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly intercept: { readonly standardised: number; readonly raw: number };
  readonly coefficients: readonly {
    readonly feature: string;
    readonly standardised: number;
    readonly raw: number;
    readonly standard_error: number | null;
    readonly constant: boolean;
  }[];
  readonly label: {
    readonly name: string;
    readonly horizon_days: number;
    readonly grace_days: number;
  };
  /** Of whom the rows are, for people. */
  readonly eligibility: string;
  /**
   * What decides who is eligible: definition hashes by column. Absent in models made before
   * partitions said who is subscribed: their rows were of users who had left, too.
   */
  readonly eligibility_hashes?: Readonly<Record<string, string>>;
  readonly data: {
    readonly rows: number;
    readonly positives: number;
    readonly base_rate: number;
    readonly users: number;
    readonly validation_rows: number;
    readonly validation_positives: number;
    readonly excluded: Readonly<Record<string, number>>;
    readonly knowledge: TrainingKnowledge;
    readonly partitions: readonly PartitionInput[];
  };
  readonly split: TrainingSplit;
  readonly metrics: EvaluationMetrics;
  readonly training_metrics: EvaluationMetrics;
  /** A model of the schema's recency feature alone, on the same rows. */
  readonly recency_baseline: EvaluationMetrics | null;
  /** The champion of then, on this model's validation rows. */
  readonly champion_metrics: (EvaluationMetrics & { readonly model_version: ModelVersion }) | null;
  readonly drift_reference: DriftReference;
  readonly sample: {
    readonly file: 'training_data_sample.parquet';
    readonly rows: number;
    readonly seed: number;
    readonly method: string;
  };
  readonly parent_version: ModelVersion | null;
  readonly promotion: PromotionDecision;
}

export interface ModelAliases {
  readonly champion: ModelVersion | null;
  readonly challenger: ModelVersion | null;
  readonly previous: ModelVersion | null;
}

/** One row of ops.model_events. */
export interface ModelEvent {
  /** Grows with every event of an installation; the published aliases carry that of their last. */
  readonly number: number;
  readonly event_id: string;
  readonly at: string;
  readonly action: 'register' | 'promote' | 'reject' | 'rollback';
  readonly version: ModelVersion;
  /** The champion before. */
  readonly previous: ModelVersion | null;
  readonly reason: string;
  /** In force from this event on. */
  readonly aliases: ModelAliases;
}

/** A change of champion by hand. */
export interface ChampionMoveRequest {
  /** The champion that the caller saw and wants to replace; null: there was none. */
  readonly from: ModelVersion | null;
  readonly reason: string;
}

/** What a promotion or rollback answers: the aliases in force, and whether it was it that moved them. */
export interface ChampionChange extends ModelAliases {
  /** False where the wanted champion was in force already. */
  readonly changed: boolean;
}

/** A version of `churn models list` and GET /models whose metadata can't be read. */
export interface DamagedModelSummary {
  readonly version: ModelVersion;
  readonly aliases: readonly (keyof ModelAliases)[];
  readonly status: 'damaged';
  /** The message of CORRUPT_MODEL. */
  readonly problem: string;
}

/** One row of `churn models list` and GET /models. */
export interface ModelSummary {
  readonly version: ModelVersion;
  readonly aliases: readonly (keyof ModelAliases)[];
  readonly created_at: string;
  readonly as_of: string;
  readonly status: ModelMetadata['status'];
  readonly solver: SolverName;
  readonly feature_schema_hash: string;
  readonly rows: number;
  readonly auc: number;
  readonly log_loss: number;
  readonly base_rate: number;
  readonly promotion: PromotionDecision;
}
