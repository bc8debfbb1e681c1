import type { Alert } from '../contracts';

/**
 * `recorded`: a number without a threshold. `in_sample`: the model has seen these labels.
 * `no_reference`: there is no model that was trained on such rows. `no_state`: the partition does not
 * say who is subscribed, hence not who is eligible.
 */
export type DriftStatus =
  | 'ok'
  | 'alert'
  | 'recorded'
  | 'insufficient_sample'
  | 'constant'
  | 'no_reference'
  | 'no_state'
  | 'in_sample';

/** One number of one day: a row of the drift log. */
export interface DriftMetric {
  readonly date: string;
  /** A feature, `scores`, `schema`, `population`, or `performance/<date of the partition>`. */
  readonly subject: string;
  readonly metric: string;
  /** Null where it can't be said (see status). */
  readonly value: number | null;
  readonly threshold: number | null;
  readonly status: DriftStatus;
  readonly model_version: string | null;
  readonly reference_rows: number | null;
  readonly rows: number;
}

/** What `churn drift` shows, of which GET /drift has the metrics; snake_case, because it leaves the process. */
export interface DriftReport {
  readonly date: string;
  readonly status: 'ok' | 'alert' | 'no_reference' | 'no_state' | 'insufficient_sample';
  /** Why features and scores were not compared, for people; null where they were. */
  readonly not_compared: string | null;
  readonly model_version: string | null;
  readonly feature_time: string;
  readonly revision: number;
  /** Rows of the partition, and those of them that features and scores are compared on. */
  readonly rows: number;
  /** Null where the partition does not say who is eligible. */
  readonly eligible_rows: number | null;
  readonly reference_rows: number | null;
  readonly metrics: readonly DriftMetric[];
  readonly alerts: readonly Alert[];
}

/** Where drift starts to be worth an alert; `alpha` is shared by a day's PSI tests. */
export const driftThresholds = {
  psi: 0.1,
  psiCritical: 0.25,
  zOfMean: 3,
  standardisedShift: 0.1,
  alpha: 0.01,
  /** Fewer eligible users than this say nothing: `insufficient_sample`. */
  rowsMin: 100,
  churnRateGap: 0.05,
  aucDrop: 0.05,
} as const;

/** What all metrics of a day have in common. */
export type MetricHead = Pick<DriftMetric, 'date' | 'model_version' | 'reference_rows' | 'rows'>;
