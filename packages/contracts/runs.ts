import type { Knowledge, KnowledgeKind, KnownAtRequest, LabelKnowledge } from './knowledge';
import type { StepName } from './pipeline';
import type { FormerReprocess, Reprocess } from './reprocess';

export interface DailyRunInput {
  /** The logical date; absent only when a Schedule starts the run (its nominal time decides). */
  readonly date?: string;
  /** Whether a hand or the Schedule started it. */
  readonly kind: 'scheduled' | 'manual';
}

export interface StepOutcome {
  readonly step: StepName;
  readonly status: 'succeeded' | 'failed' | 'skipped';
  /** Why a skipped step was skipped: not its weekday, or a step it needs did not succeed. */
  readonly skipped?: 'not_due' | 'upstream_failed';
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

/** An activity that failed and is tried again: a step of the daily run, or what surrounds the steps. */
export interface StepRetry {
  /** Its activity type. */
  readonly step: string;
  /** The attempt that failed; the first is 1. */
  readonly attempt: number;
  /** Code and message. */
  readonly error: string;
}

/** The answer to the query `progress` of a daily run. */
export interface DailyRunProgress {
  readonly date: string;
  readonly running: readonly StepName[];
  readonly settled: readonly StepOutcome[];
  readonly slaBreaches: readonly StepName[];
  readonly retrying: readonly StepRetry[];
}

/** A published partition of another day than the run's own, and why it was published again. */
export interface RestatedPartition {
  readonly date: string;
  readonly reason: string;
  readonly revision: number;
}

/** What `churn restate` reports. `batches`: first and last batch whose rows were looked at. */
export interface RestateReport {
  readonly batches: readonly [first: number, last: number] | null;
  readonly restated: readonly RestatedPartition[];
}

export interface BackfillRequest {
  /** First and last date, both inclusive. */
  readonly from: string;
  readonly to: string;
  readonly reprocess: Reprocess;
  readonly knownAt: KnownAtRequest;
  readonly train: boolean;
}

/** A request as a workflow's input or a recorded plan holds it: perhaps in words of a former release. */
export type RecordedBackfillRequest = Omit<BackfillRequest, 'reprocess'> & {
  readonly reprocess: Reprocess | FormerReprocess;
};

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

/** A plan of features with this knowledge, and of labels with that. */
export function plannedKnowledgeOf(
  kind: KnowledgeKind,
  { known, label }: { known: Knowledge; label: LabelKnowledge },
): PlannedKnowledge {
  return {
    kind,
    knownAt: known.at,
    batch: known.batch,
    labelKnownAt: label.at,
    labelBatch: label.batch,
    completeThrough: label.completeThrough,
  };
}

/** K and S of a plan; for `as-served` S is that of dates which no daily run has served. */
export function knowledgeOf({ knownAt, batch }: PlannedKnowledge): Knowledge {
  return { at: knownAt, batch };
}

/** L, its S, and how far the source was complete in it, of a plan. */
export function labelKnowledgeOf(planned: PlannedKnowledge): LabelKnowledge {
  const { labelKnownAt, labelBatch, completeThrough } = planned;
  return { at: labelKnownAt, batch: labelBatch, completeThrough };
}

export interface BackfillPlan {
  readonly id: string;
  readonly request: BackfillRequest;
  readonly knowledge: PlannedKnowledge;
  /** Chunks of dates to run, ascending; a year is at most 12 chunks. */
  readonly chunks: readonly DateChunk[];
  readonly planned: number;
  readonly skipped: number;
}

/** What a dry run answers. */
export interface BackfillPreview extends BackfillPlan {
  /** For people: of dates before any data. */
  readonly warnings: readonly string[];
}

export interface DateChunk {
  readonly from: string;
  readonly to: string;
  /** Dates inside the chunk that are not to run. */
  readonly except: readonly string[];
}

/** Input of the backfill workflow. Only continue-as-new sets `state`. */
export interface BackfillInput {
  readonly id: string;
  readonly request: BackfillRequest;
  /** Made by the workflow's first activity unless the caller has planned already. */
  readonly plan?: BackfillPlan;
  readonly state?: BackfillState;
}

/** What a backfill carries across continue-as-new, besides its plan. */
export interface BackfillState {
  readonly nextChunk: number;
  readonly succeeded: number;
  readonly skipped: number;
  readonly failed: readonly string[];
  /** Absent in what an earlier release carried over. */
  readonly errors?: readonly DateError[];
  readonly paused: boolean;
}

/** Why a date failed: code and message, shortened. */
export interface DateError {
  readonly date: string;
  readonly error: string;
}

export const partitionStatuses = ['succeeded', 'skipped', 'failed', 'cancelled'] as const;

/** What became of one date of a chunk. */
export interface PartitionOutcome {
  readonly date: string;
  readonly status: (typeof partitionStatuses)[number];
  readonly error?: string;
}

/** How far a chunk is that is still being computed; each replaces the one before it. */
export interface SettledDates {
  /** The first date of the chunk, which tells it from those beside it. */
  readonly chunk: string;
  readonly succeeded: number;
  readonly skipped: number;
  readonly failed: readonly string[];
  /** Of the first of the failed dates. */
  readonly errors: readonly DateError[];
}

export type BackfillStatus =
  'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled' | 'dry-run';

/** What became of the request for a backfill. */
export interface BackfillStarted {
  readonly id: string;
  readonly status: BackfillStatus;
  /** False: attached to the identical backfill that was running already. */
  readonly created: boolean;
  /** For people: of dates before any data. */
  readonly warnings: readonly string[];
}

/** `churn backfill` and GET /backfill/:id (in snake_case there). */
export interface BackfillProgress {
  readonly id: string;
  readonly status: BackfillStatus;
  readonly knownAt: string;
  readonly planned: number;
  readonly succeeded: number;
  readonly skipped: number;
  readonly failed: readonly string[];
  /** Why the failed dates failed: of the first of them, so that a year of failures stays small. */
  readonly errors: readonly DateError[];
  /** Why it failed as a whole, or what is being tried again; null where there is no such thing. */
  readonly reason: string | null;
}

/** What pausing, resuming or cancelling a backfill answers. */
export interface BackfillChange extends BackfillProgress {
  /** False where it was in that state already. */
  readonly changed: boolean;
}

/** A backfill's progress, and what else is said with it, as a JSON document. */
export function backfillDocument<T extends BackfillProgress>({ knownAt, ...rest }: T) {
  return { ...rest, known_at: knownAt };
}

/** What publishes a partition: the daily run its day's own, a restatement other days, a backfill any. */
export const publishers = ['daily', 'restate', 'backfill'] as const;

export type Publisher = (typeof publishers)[number];

export const dailyRunStatuses = ['succeeded', 'failed', 'cancelled'] as const;

export type DailyRunStatus = (typeof dailyRunStatuses)[number];

/** Every kind of alert; metrics and docs/OPERATIONS.md list them all. */
export const alertKinds = [
  'sla',
  'step-retrying',
  'run-failed',
  'lost-files',
  'rejected-rows',
  'missed-run',
  'backfill',
  'drift',
  'performance',
  'schema',
] as const;

export const alertSeverities = ['info', 'warning', 'critical'] as const;

export interface Alert {
  /** Makes an alert happen once: the same key again is the same alert. */
  readonly key: string;
  readonly kind: (typeof alertKinds)[number];
  readonly severity: (typeof alertSeverities)[number];
  readonly date: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}
