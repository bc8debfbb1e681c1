import type {
  Alert,
  BackfillPlan,
  BackfillProgress,
  BackfillRequest,
  DailyRunReport,
  DailyRunStatus,
  PartitionOutcome,
  PlannedKnowledge,
  RestatedPartition,
  RestateReport,
} from './runs';

/** How far a long piece of work has come; small, shown to people at the terminal and in the Temporal UI. */
export interface ProgressDetails {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** What every long piece of work reports to and is stopped by, in an activity or at the command line. */
export interface Progress {
  /** May be called as often as convenient: heartbeats are throttled behind it. */
  readonly report: (details: ProgressDetails) => void;
  /** Says something that progress must not overwrite, such as that a step failed and is tried again. */
  readonly note?: (text: string) => void;
  /** Aborted when the work is cancelled: stop, release claims, and reject (with any error). */
  readonly signal: AbortSignal;
}

/** Progress of a chunk, which is told of each date as it settles. */
export interface ChunkProgress extends Progress {
  readonly onSettled?: (outcome: PartitionOutcome) => void;
  /** Awaited before each piece of the work: may take a while, so that urgent work goes first. */
  readonly giveWay?: () => Promise<void>;
}

export interface LoadSummary {
  /** The batch written, null when there was nothing to load. */
  readonly batch: number | null;
  readonly rows: Readonly<Record<string, number>>;
  readonly rejected: number;
  /** Absent where there is nothing to warn of. */
  readonly verdict?: 'warn';
  /** What the loads warned of. */
  readonly problems?: readonly string[];
}

export interface DayComputed {
  /** The day's own partition; null when one with later knowledge was left alone. */
  readonly published: { readonly revision: number; readonly rows: number } | null;
  /** Other partitions published again: labels matured, late data. */
  readonly restated: readonly RestatedPartition[];
}

export interface SyncSummary {
  /** The partition that is online now; null when none is published yet. */
  readonly date: string | null;
  readonly written: number;
  readonly unchanged: number;
  readonly removed: number;
}

export interface TrainSummary {
  readonly version: string;
  /** False when a version trained on the same inputs was there already. */
  readonly isNew: boolean;
  readonly promoted: boolean;
  readonly reason: string;
}

export interface DriftSummary {
  readonly status: 'no_reference' | 'stable' | 'drifted';
  readonly reference: string | null;
  readonly alerts: number;
}

export interface SchemaSummary {
  readonly verdict: 'pass' | 'warn' | 'fail';
  readonly problems: readonly string[];
}

export interface ComputeRequest {
  /** Who computes: claims carry it, and a retry of the same runner takes its own claims over. */
  readonly runId: string;
  /** Ascending. */
  readonly dates: readonly string[];
  readonly knowledge: PlannedKnowledge;
  readonly reason: string;
}

export interface FinishedDailyRun {
  readonly report: DailyRunReport;
  /** `cancelled`: somebody stopped it, and nothing else had failed before. */
  readonly status: DailyRunStatus;
  /** The execution; a retry of the call has the same one. */
  readonly runId: string;
}

/**
 * What the pipeline needs from the outside world; packages/application satisfies it. Everything may
 * be called again after a crash at any point, and then finishes or repeats the same work.
 */
export interface PipelinePorts {
  /** Champion of the moment and, when this date's run has succeeded already, its report. */
  beginDailyRun(date: string): Promise<{
    readonly championVersion: string | null;
    readonly finished: DailyRunReport | null;
  }>;
  /** Records the run's end. K may not be taken by then. */
  finishDailyRun(run: FinishedDailyRun): Promise<void>;

  generateData(date: string, progress: Progress): Promise<LoadSummary>;
  /** Taken once per date under the load lock and stored; every later call returns the stored one. */
  takeDailyKnowledge(date: string, progress?: Progress): Promise<PlannedKnowledge>;
  computeDay(
    request: {
      readonly date: string;
      readonly runId: string;
      readonly knowledge: PlannedKnowledge;
    },
    progress: Progress,
  ): Promise<DayComputed>;
  /** Publishes the newest partition online; never moves a user's features backwards. */
  syncOnline(progress: Progress): Promise<SyncSummary>;
  trainModel(request: { readonly asOf: string }, progress: Progress): Promise<TrainSummary>;
  detectDrift(
    request: { readonly date: string; readonly championVersion: string | null },
    progress: Progress,
  ): Promise<DriftSummary>;
  validateSchemas(request: { readonly date: string }): Promise<SchemaSummary>;

  /** The same key again changes nothing. */
  raiseAlert(alert: Alert): Promise<void>;
  /**
   * Dates whose daily run should have succeeded by `now` and has not; it may be running. Runs are
   * expected from the day of the first one on, or of the first nominal time after `scheduledSince`.
   */
  findUnfinishedRuns(request: {
    readonly now: string;
    /** When the Schedule of daily runs was created; undefined where there is none. */
    readonly scheduledSince?: string;
  }): Promise<readonly string[]>;

  /** Takes K and L and records the backfill; the same id again returns the recorded plan. */
  planBackfill(
    request: { readonly id: string; readonly request: BackfillRequest },
    progress?: Progress,
  ): Promise<BackfillPlan>;
  /**
   * One outcome per date, whatever became of the others. A date that an earlier attempt of the
   * same `runId` published is `succeeded`, not `skipped`.
   */
  computeChunk(
    request: ComputeRequest,
    progress: ChunkProgress,
  ): Promise<readonly PartitionOutcome[]>;
  /**
   * After a computeChunk of this runId gave up: what became of each date. Those it did not
   * finish are recorded in the ledger as `as`, their claims released.
   */
  settleChunk(
    request: ComputeRequest & { readonly as: 'failed' | 'cancelled'; readonly error: string },
  ): Promise<readonly PartitionOutcome[]>;
  finishBackfill(progress: BackfillProgress): Promise<void>;

  /** Restates every partition that late data or matured labels touch; `dryRun` only lists them. */
  restatePartitions(
    request: { readonly dryRun: boolean; readonly runId: string },
    progress: Progress,
  ): Promise<RestateReport>;
}
