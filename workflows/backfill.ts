import { ApplicationFailure } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  rootCause,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import {
  ChurnError,
  workflowMessages,
  type BackfillInput,
  type BackfillPlan,
  type BackfillProgress,
  type BackfillStatus,
} from '../packages/contracts';
import { dateOf, parseInstant } from '../packages/instants';
import { ledger, planning, runStepNamed } from './activity-proxies';
import { describeBackfill } from './describe-backfill';
import { raiseAlert } from './raise-alert';
import { checkedDate, refusal } from './refusals';
import { runChunks, type ChunkTally } from './run-chunks';
import { setSearchAttributes } from './search-attributes';

const progressQuery = defineQuery<BackfillProgress>(workflowMessages.progress);
const pauseSignal = defineSignal(workflowMessages.pause);
const resumeSignal = defineSignal(workflowMessages.resume);

/** What the handlers and the body share during one execution. */
interface BackfillRun {
  readonly input: BackfillInput;
  readonly tally: ChunkTally;
  plan?: BackfillPlan;
  status: BackfillStatus;
}

/**
 * Computes the partitions of a range, chunk by chunk, as known at one moment: K and L are taken by
 * the first activity and travel in the input from then on. Dates that fail are collected, the rest
 * goes on. Ends by bringing the newest partition online, and trains only if asked.
 *
 * @returns the final progress; its status is `failed` when dates did.
 */
export async function backfill(input: BackfillInput): Promise<BackfillProgress> {
  const run = startRun(input);
  const { id, request } = input;
  let isDone: boolean;
  try {
    run.plan = input.plan ?? (await planning.plan_backfill({ id, request }));
    showProgress(run);
    isDone = await runChunks({
      backfillId: id,
      plan: run.plan,
      tally: run.tally,
      onChange: () => showProgress(run),
    });
    if (isDone) await publish(run.plan);
  } catch (error) {
    await finish(run, isCancellation(error) ? 'cancelled' : 'failed');
    throw isCancellation(error) ? error : failureOf(run, error);
  }
  if (!isDone) return continueLater(run);
  return finish(run, run.tally.failed.length > 0 ? 'failed' : 'succeeded');
}

function startRun(input: BackfillInput): BackfillRun {
  const { id, request, state } = input;
  if (checkedDate(request.from, 'from') > checkedDate(request.to, 'to')) {
    throw refusal('INVALID_DATE_RANGE', {
      from: request.from,
      to: request.to,
      problem: 'it ends before it starts',
    });
  }
  const tally: ChunkTally = {
    nextChunk: state?.nextChunk ?? 0,
    succeeded: state?.succeeded ?? 0,
    skipped: state?.skipped ?? 0,
    failed: [...(state?.failed ?? [])],
    paused: state?.paused ?? false,
  };
  const run: BackfillRun = { input, tally, plan: input.plan, status: 'running' };
  const pause = (paused: boolean) => () => {
    tally.paused = paused;
    showProgress(run);
  };
  setHandler(progressQuery, () => progressOf(run));
  setHandler(pauseSignal, pause(true));
  setHandler(resumeSignal, pause(false));
  setSearchAttributes({ BackfillId: id, RunKind: 'backfill' });
  showProgress(run);
  return run;
}

function progressOf({ input, plan, tally, status }: BackfillRun): BackfillProgress {
  return {
    id: input.id,
    status: status === 'running' && tally.paused ? 'paused' : status,
    knownAt: plan?.knowledge.knownAt ?? '',
    planned: plan?.planned ?? 0,
    succeeded: tally.succeeded,
    skipped: (plan?.skipped ?? 0) + tally.skipped,
    failed: [...tally.failed].sort(),
  };
}

function showProgress(run: BackfillRun): void {
  setCurrentDetails(describeBackfill(run.input.request, progressOf(run)));
}

/** History has grown long: a new execution goes on with the same plan and what was counted. */
async function continueLater({ input, plan, tally }: BackfillRun): Promise<never> {
  await condition(allHandlersFinished);
  return continueAsNew<typeof backfill>({ ...input, plan, state: tally });
}

/** Trains as of the day of L, the latest knowledge when this was planned: never of the clock's day. */
async function publish({ request, knowledge }: BackfillPlan): Promise<void> {
  await runStepNamed('sync_online_features', { date: request.to });
  if (!request.train) return;
  await runStepNamed('train_model', { date: dateOf(parseInstant(knowledge.labelKnownAt)) });
}

/** Records the end in the ledger, also of a cancelled backfill, and alerts when dates failed. */
async function finish(run: BackfillRun, status: BackfillStatus): Promise<BackfillProgress> {
  run.status = status;
  showProgress(run);
  const progress = progressOf(run);
  await CancellationScope.nonCancellable(() => ledger.finish_backfill(progress));
  if (status === 'failed') {
    const { id, request } = run.input;
    await raiseAlert({
      key: `backfill/${id}`,
      kind: 'backfill',
      severity: 'warning',
      date: request.to,
      message: `Backfill ${id} over ${request.from} to ${request.to} failed for ${progress.failed.length} dates.`,
      details: { failedCount: progress.failed.length, first: progress.failed.slice(0, 10) },
    });
  }
  return progress;
}

function failureOf(run: BackfillRun, error: unknown): ApplicationFailure {
  const { message, code } = new ChurnError('RUN_FAILED', {
    what: `Backfill ${run.input.id}`,
    problem: rootCause(error) ?? String(error),
  });
  return ApplicationFailure.create({
    message,
    type: code,
    nonRetryable: true,
    details: [progressOf(run)],
    cause: error instanceof Error ? error : undefined,
  });
}
