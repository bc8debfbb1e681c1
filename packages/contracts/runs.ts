import type { KnowledgeKind, KnownAtRequest } from './knowledge';
import type { StepName } from './pipeline';

export interface DailyRunInput {
  /** The logical date; absent only when a Schedule starts the run (its nominal time decides). */
  readonly date?: string;
  /** Whether a hand or the Schedule started it. */
  readonly kind: 'scheduled' | 'manual';
}

export interface StepOutcome {
  readonly step: StepName;
  readonly status: 'succeeded' | 'failed' | 'skipped';
  readonly seconds: number;
  /** What the step reports, small; or why it was skipped or failed. */
  readonly result: unknown;
}

export interface DailyRunReport {
  readonly date: string;
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly steps: readonly StepOutcome[];
  readonly slaBreaches: readonly StepName[];
}

/** Which dates a backfill runs, besides those never run (design §6). */
export type Reprocess = 'none' | 'failed' | 'completed';

export interface BackfillRequest {
  /** First and last date, both inclusive. */
  readonly from: string;
  readonly to: string;
  readonly reprocess: Reprocess;
  readonly knownAt: KnownAtRequest;
  readonly train: boolean;
}

/** K and L with their batches, as texts, taken once when planned: every chunk and retry uses these. */
export interface PlannedKnowledge {
  readonly kind: KnowledgeKind;
  /** K and S; for `as-served` the fallback batch, the K being per date. */
  readonly knownAt: string;
  readonly batch: number;
  /** L, its S, and how far the source was complete in it. */
  readonly labelKnownAt: string;
  readonly labelBatch: number;
  readonly completeThrough: string | null;
}

export interface BackfillPlan {
  readonly id: string;
  readonly request: BackfillRequest;
  readonly knowledge: PlannedKnowledge;
  /** Chunks of consecutive dates to run; a year is at most 15 chunks. */
  readonly chunks: readonly DateChunk[];
  readonly planned: number;
  readonly skipped: number;
}

export interface DateChunk {
  readonly from: string;
  readonly to: string;
  /** Dates inside the chunk that are not to run. */
  readonly except: readonly string[];
}

export type BackfillStatus =
  'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled' | 'dry-run';

/** `churn backfill` and GET /backfill/:id (in snake_case there). */
export interface BackfillProgress {
  readonly id: string;
  readonly status: BackfillStatus;
  readonly knownAt: string;
  readonly planned: number;
  readonly succeeded: number;
  readonly skipped: number;
  readonly failed: readonly string[];
}

export interface Alert {
  /** Makes an alert happen once: the same key again is the same alert. */
  readonly key: string;
  readonly kind: 'sla' | 'drift' | 'schema' | 'performance' | 'missed-run' | 'backfill';
  readonly severity: 'info' | 'warning' | 'critical';
  readonly date: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}
