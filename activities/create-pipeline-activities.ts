import { activityInfo, Context } from '@temporalio/activity';
import {
  isChurnError,
  withPresentReprocess,
  workflowMessages,
  workflowTypes,
  type Alert,
  type BackfillPlan,
  type BackfillProgress,
  type ComputeRequest,
  type RecordedBackfillRequest,
  type DateChunk,
  type FinishedDailyRun,
  type PartitionOutcome,
  type PipelinePorts,
  type PlannedKnowledge,
  type Progress,
} from '../packages/contracts';
import { datesOfChunk } from '../packages/orchestration';
import { findMissingRuns } from './find-missing-runs';
import { runWithProgress } from './run-with-progress';
import { createRightOfWay, type RightOfWay } from './right-of-way';
import { createSettledDatesTeller } from './tell-settled-dates';
import { tellWorkflow } from './tell-workflow';

/** What every step of a daily run is given. Training and drift see the run's date as their day. */
export interface StepInput {
  readonly date: string;
  /** The champion at the run's start, null when there was none: drift's reference. */
  readonly championVersion?: string | null;
}

export interface ChunkInput {
  readonly backfillId: string;
  readonly chunk: DateChunk;
  readonly knowledge: PlannedKnowledge;
}

export interface PlanInput {
  readonly id: string;
  /** In the words of the release that started the execution. */
  readonly request: RecordedBackfillRequest;
}

/** More restated partitions than this are counted, not listed: payloads stay small. */
const RESTATED_LISTED_MAX = 50;
const ERROR_CHARACTERS_MAX = 300;
const ERRORS_BYTES_MAX = 24 * 1024;

/**
 * The activities of all workflows. Their type names are in snake_case so that the Temporal UI
 * shows a run's steps by the names people know. Every one may run again after a crash.
 */
export function createPipelineActivities(
  ports: PipelinePorts,
  { beatMs, rightOfWay = createRightOfWay() }: ActivityOptions = {},
) {
  const run: Runner = (date, work) => {
    const report = { raiseAlert: (alert: Alert) => ports.raiseAlert(alert), date };
    return runWithProgress(work, { beatMs, report });
  };
  const runStep: Runner = (date, work) =>
    run(date, (progress) => {
      const isDaily = activityInfo().workflowType === workflowTypes.dailyRun;
      return isDaily ? rightOfWay.hold(() => work(progress)) : work(progress);
    });
  return {
    ...createStepActivities(ports, runStep),
    ...createRunActivities(ports, run),
    ...createBackfillActivities(ports, run, rightOfWay),
  };
}

export interface ActivityOptions {
  readonly beatMs?: number;
  /** Shared by all that run in this process; absent: by these activities. */
  readonly rightOfWay?: RightOfWay;
}

export type PipelineActivities = ReturnType<typeof createPipelineActivities>;

/** `date`: the day that alerts about the work are about; undefined: the one it is done on. */
type Runner = <T>(date: string | undefined, work: (progress: Progress) => Promise<T>) => Promise<T>;

/** The six steps of the daily pipeline. */
function createStepActivities(ports: PipelinePorts, run: Runner) {
  return {
    generate_data: ({ date }: StepInput) =>
      run(date, (progress) => ports.generateData(date, progress)),

    /** K is taken here once, after the load has committed; a retry gets the stored one. */
    compute_features: ({ date }: StepInput) =>
      run(date, async (progress) => {
        const knowledge = await ports.takeDailyKnowledge(date, progress);
        const runId = currentWorkflowId();
        const computed = await ports.computeDay({ date, runId, knowledge }, progress);
        return {
          knownAt: knowledge.knownAt,
          published: computed.published,
          restatedCount: computed.restated.length,
          restated: computed.restated.slice(0, RESTATED_LISTED_MAX),
        };
      }),

    sync_online_features: ({ date }: StepInput) =>
      run(date, (progress) => ports.syncOnline(progress)),

    /** Too little data is an answer about the data, not a failed run: it warns. */
    train_model: ({ date }: StepInput) =>
      run(date, async (progress) => {
        try {
          return { status: 'trained', ...(await ports.trainModel({ asOf: date }, progress)) };
        } catch (error) {
          if (!isChurnError(error) || error.code !== 'NOT_ENOUGH_TRAINING_DATA') throw error;
          return { status: 'not_enough_data', verdict: 'warn', problem: error.message };
        }
      }),

    run_drift_detection: ({ date, championVersion = null }: StepInput) =>
      run(date, async (progress) => {
        const drift = await ports.detectDrift({ date, championVersion }, progress);
        return { ...drift, verdict: drift.status === 'drifted' ? 'warn' : 'pass' };
      }),

    validate_schema: ({ date }: StepInput) => run(date, () => ports.validateSchemas({ date })),
  };
}

/** What surrounds the steps: the ledger of runs, alerts, the watchdog, restatement. */
function createRunActivities(ports: PipelinePorts, run: Runner) {
  return {
    begin_daily_run: ({ date }: { date: string }) => run(date, () => ports.beginDailyRun(date)),
    finish_daily_run: (finished: Omit<FinishedDailyRun, 'runId'>) =>
      run(finished.report.date, () => ports.finishDailyRun({ ...finished, runId: currentRunId() })),
    /** Not reported itself: that an alert can't be raised is no alert. */
    raise_alert: (alert: Alert) => runWithProgress(() => ports.raiseAlert(alert)),
    find_missing_runs: ({ now }: { now: string }) =>
      run(undefined, () => findMissingRuns(ports, Context.current().client, now)),
    restate_partitions: (request: { dryRun: boolean }) =>
      run(undefined, (progress) =>
        ports.restatePartitions({ ...request, runId: currentRunId() }, progress),
      ),
  };
}

function createBackfillActivities(ports: PipelinePorts, run: Runner, rightOfWay: RightOfWay) {
  return {
    plan_backfill: ({ id, request }: PlanInput): Promise<BackfillPlan> =>
      run(request.to, (progress) =>
        ports.planBackfill({ id, request: withPresentReprocess(request) }, progress),
      ),

    compute_chunk: (input: ChunkInput): Promise<PartitionOutcome[]> =>
      run(input.chunk.to, async (progress) => {
        const request = computeRequestOf(input);
        const teller = createSettledDatesTeller({
          chunk: input.chunk.from,
          tell: (settled) => tellWorkflow(workflowMessages.datesSettled, settled),
        });
        const onSettled = (outcome: PartitionOutcome) => teller.note(withShortError(outcome));
        let isDone = false;
        try {
          const giveWay = () => rightOfWay.giveWay(progress.signal);
          const outcomes = await ports.computeChunk(request, { ...progress, onSettled, giveWay });
          isDone = true;
          return withShortErrors(outcomes);
        } finally {
          await teller.stop({ flush: !isDone });
        }
      }),

    /** For a chunk whose compute_chunk gave up or was cancelled. */
    settle_chunk: ({
      as,
      error,
      ...input
    }: ChunkInput & { as: 'failed' | 'cancelled'; error: string }): Promise<PartitionOutcome[]> =>
      run(input.chunk.to, async () => {
        const request = { ...computeRequestOf(input), as, error };
        return withShortErrors(await ports.settleChunk(request));
      }),

    finish_backfill: (progress: BackfillProgress) =>
      run(undefined, () => ports.finishBackfill(progress)),
  };
}

function computeRequestOf({ backfillId, chunk, knowledge }: ChunkInput): ComputeRequest {
  return { runId: backfillId, dates: datesOfChunk(chunk), knowledge, reason: 'backfill' };
}

/** Of a year that fails, the first errors: a payload is a reference, and stays below 64 KiB. */
function withShortErrors(outcomes: readonly PartitionOutcome[]): PartitionOutcome[] {
  let bytesLeft = ERRORS_BYTES_MAX;
  return outcomes.map(withShortError).map(({ error, ...outcome }) => {
    if (error === undefined) return outcome;
    bytesLeft -= Buffer.byteLength(JSON.stringify(error));
    return bytesLeft < 0 ? outcome : { ...outcome, error };
  });
}

function withShortError({ error, ...outcome }: PartitionOutcome): PartitionOutcome {
  return error === undefined
    ? outcome
    : { ...outcome, error: error.slice(0, ERROR_CHARACTERS_MAX) };
}

/** Claims carry it, where a workflow's id may be used again: another run is another runner. */
function currentRunId(): string {
  return activityInfo().workflowExecution?.runId ?? 'unknown';
}

/** Claims carry it: every attempt and retry of one day's run is the same runner. */
function currentWorkflowId(): string {
  return activityInfo().workflowExecution?.workflowId ?? 'unknown';
}
