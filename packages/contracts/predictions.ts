import type { InstantText } from './knowledge';

/** A user's features, by name. */
export type FeatureValues = Readonly<Record<string, number | boolean>>;

/** One answered prediction, as ops.predictions keeps it: enough to replay it. */
export interface LoggedPrediction {
  readonly predictionId: string;
  readonly userId: string;
  readonly modelVersion: string;
  readonly featureTime: InstantText;
  readonly knownAt: InstantText;
  readonly revision: number;
  readonly features: FeatureValues;
  readonly churnProbability: number;
  readonly predictedAt: InstantText;
}

export interface UserAtRisk {
  readonly user_id: string;
  readonly churn_probability: number;
  /** What raises this user's risk most, in words, strongest first; at most three. */
  readonly reasons: readonly string[];
}

/** How many users GET /users/at-risk lists, at most. */
export const AT_RISK_LIMIT_MAX = 1_000;

/** `churn at-risk` and GET /users/at-risk: eligible users, most likely to leave first. */
export interface AtRiskList {
  readonly model_version: string;
  readonly feature_time: InstantText;
  readonly users: readonly UserAtRisk[];
}
