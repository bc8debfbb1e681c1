import { ApplicationFailure } from '@temporalio/common';
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import {
  ChurnError,
  workflowMessages,
  type Alert,
  type BackfillInput,
  type BackfillPlan,
  type BackfillProgress,
  type BackfillState,
  type BackfillStatus,
  type DateError,
  type SettledDates,
} from '../packages/contracts';
import { dateOf, parseInstant } from '../packages/instants';
import { ledger, planning, runStepNamed } from './activity-proxies';
import { asCancellation } from './as-cancellation';
import { describeBackfill } from './backfill/describe-backfill';
import { failureText } from './failure-text';
import { raiseAlert } from './raise-alert';
import { checkedDate, refusal } from './refusals';
import { createPauseGate, type PauseGate } from './backfill/pause-gate';
import { ERRORS_KEPT_MAX, runChunks, type ChunkTally } from './backfill/run-chunks';
import { setSearchAttributes } from './set-search-attributes';
import { describeRetry, watchRetries, type Retries } from './watch-retries';

const progressQuery = defineQuery<BackfillProgress>(workflowMessages.progress);
const pauseSignal = defineSignal(workflowMessages.pause);
const resumeSignal = defineSignal(workflowMessages.resume);
const datesSettledSignal = defineSignal<[SettledDates]>(workflowMessages.datesSettled);

/** What the handlers and the body share during one execution. */
interface BackfillRun {
  readonly input: BackfillInput;
  readonly tally: ChunkTally;
  readonly gate: PauseGate;
  /** Of the chunks that are being computed, by their first date. */
  readonly underWay: Map<string, SettledDates>;
  readonly retries: Retries;
  /** Why it failed as a whole. */
  failure?: string;
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
    run.retries.forget('plan_backfill');
    showProgress(run);
    isDone = await runChunks({
      backfillId: id,
      plan: run.plan,
      tally: run.tally,
      gate: run.gate,
      onStarted: ({ from }) => run.underWay.set(from, nothingSettled(from)),
      onSettled: (chunk) => {
        run.underWay.delete(chunk.from);
        run.retries.forget('compute_chunk');
        run.retries.forget('settle_chunk');
        showProgress(run);
      },
    });
    if (isDone) await publish(run.plan, run.gate);
  } catch (failure) {
    const error = asCancellation(failure);
    run.failure = isCancellation(error) ? undefined : failureText(error);
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
  const tally = tallyOf(state);
  const retries = watchRetries(() => showProgress(run));
  const gate = createPauseGate(tally);
  const run: BackfillRun = {
    input,
    tally,
    gate,
    underWay: new Map(),
    retries,
    plan: input.plan,
    status: 'running',
  };
  handleMessages(run);
  setSearchAttributes({ BackfillId: id, RunKind: 'backfill' });
  showProgress(run);
  return run;
}

function nothingSettled(chunk: string): SettledDates {
  return { chunk, succeeded: 0, skipped: 0, failed: [], errors: [] };
}

function handleMessages(run: BackfillRun): void {
  const { gate, underWay } = run;
  setHandler(progressQuery, () => progressOf(run));
  setHandler(pauseSignal, () => {
    gate.pause();
    showProgress(run);
  });
  setHandler(resumeSignal, () => {
    gate.resume();
    showProgress(run);
  });
  setHandler(datesSettledSignal, (settled) => {
    // One that comes late would count what has been counted.
    if (underWay.has(settled.chunk)) underWay.set(settled.chunk, settled);
    showProgress(run);
  });
}

/** What has been counted before continue-as-new, or nothing. */
function tallyOf(state: BackfillState | undefined): ChunkTally {
  if (!state) {
    return { nextChunk: 0, succeeded: 0, skipped: 0, failed: [], errors: [], paused: false };
  }
  return { ...state, failed: [...state.failed], errors: [...(state.errors ?? [])] };
}

function progressOf(run: BackfillRun): BackfillProgress {
  const { input, plan, tally, status } = run;
  const counted = [tally, ...run.underWay.values()];
  const sum = (key: 'succeeded' | 'skipped') =>
    counted.reduce((total, part) => total + part[key], 0);
  const errors = counted.flatMap((part) => part.errors).sort(byDate);
  return {
    id: input.id,
    status: status === 'running' && tally.paused ? 'paused' : status,
    knownAt: plan?.knowledge.knownAt ?? '',
    planned: plan?.planned ?? 0,
    succeeded: sum('succeeded'),
    skipped: (plan?.skipped ?? 0) + sum('skipped'),
    failed: counted.flatMap(({ failed }) => failed).sort(),
    errors: errors.slice(0, ERRORS_KEPT_MAX),
    reason: reasonOf(run),
  };
}

function byDate(one: DateError, other: DateError): number {
  return one.date < other.date ? -1 : 1;
}

function reasonOf({ status, failure, retries }: BackfillRun): string | null {
  if (status !== 'running') return failure ?? null;
  const [retry] = retries.list();
  return retry ? describeRetry(retry) : null;
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
async function publish({ request, knowledge }: BackfillPlan, gate: PauseGate): Promise<void> {
  await gate.opened();
  await gate.run(() => runStepNamed('sync_online_features', { date: request.to }));
  if (!request.train) return;
  const date = dateOf(parseInstant(knowledge.labelKnownAt));
  await gate.opened();
  await gate.run(() => runStepNamed('train_model', { date }));
}

/** Records the end in the ledger, also of a cancelled backfill, and alerts when dates failed. */
async function finish(run: BackfillRun, status: BackfillStatus): Promise<BackfillProgress> {
  run.status = status;
  showProgress(run);
  const progress = progressOf(run);
  await CancellationScope.nonCancellable(() => ledger.finish_backfill(progress));
  if (status === 'failed') {
    await raiseAlert(alertOf(run, progress));
  }
  return progress;
}

function alertOf({ input }: BackfillRun, { failed, errors, reason }: BackfillProgress): Alert {
  const { id, request } = input;
  const [first] = errors;
  const dates = failed.length > 0 ? ` for ${failed.length} dates` : '';
  const why = reason ?? (first && `${first.date}: ${first.error}`);
  return {
    key: `backfill/${id}`,
    kind: 'backfill',
    severity: 'warning',
    date: request.to,
    message: `Backfill ${id} over ${request.from} to ${request.to} failed${dates}${why ? `: ${why}` : ''}`,
    details: { failedCount: failed.length, first: failed.slice(0, 10), errors, reason },
  };
}

function failureOf(run: BackfillRun, error: unknown): ApplicationFailure {
  const { message, code } = new ChurnError('RUN_FAILED', {
    what: `Backfill ${run.input.id}`,
    problem: failureText(error),
  });
  return ApplicationFailure.create({
    message,
    type: code,
    nonRetryable: true,
    details: [progressOf(run)],
    cause: error instanceof Error ? error : undefined,
  });
}
