import { ApplicationFailure } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  defineQuery,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  ChurnError,
  dailyPipeline,
  workflowMessages,
  type DailyRunInput,
  type DailyRunProgress,
  type DailyRunReport,
  type DailyRunStatus,
  type StepName,
} from '../packages/contracts';
import { isStepDue, slaApplies, slaDeadlines, verdictOf } from '../packages/orchestration';
import { ledger } from './activity-proxies';
import { asCancellation } from './as-cancellation';
import { describeDailyRun } from './daily-run/describe-daily-run';
import { failureText } from './failure-text';
import { logicalDateOf } from './daily-run/nominal-time';
import { raiseAlert } from './raise-alert';
import { setSearchAttributes } from './set-search-attributes';
import { settleSteps, type RunState } from './daily-run/settle-steps';
import { watchRetries } from './watch-retries';
import { watchSla } from './daily-run/watch-sla';
import { workflowClock } from './workflow-clock';

const progressQuery = defineQuery<DailyRunProgress>(workflowMessages.progress);

const MANUAL: DailyRunInput = { kind: 'manual' };

/**
 * One day: load, compute, publish online, then train (Monday to Wednesday) beside drift detection,
 * then the schema check that gives the verdict. A day that has succeeded already returns its report.
 *
 * Fails, after everything that could still run has run and the ledger knows, when a step failed;
 * the failure's details hold the report.
 */
export async function dailyRun(input: DailyRunInput = MANUAL): Promise<DailyRunReport> {
  const date = logicalDateOf(input);
  setSearchAttributes({ LogicalDate: date, RunKind: input.kind });
  const retries = watchRetries(() => showProgress());
  const state: RunState = { date, settled: new Map(), running: new Set(), retries };
  const slaBreaches: StepName[] = [];
  const progress = (): DailyRunProgress => ({
    date,
    running: [...state.running],
    settled: [...state.settled.values()],
    slaBreaches,
    retrying: retries.list(),
  });
  const showProgress = () => setCurrentDetails(describeDailyRun(progress()));
  setHandler(progressQuery, progress);
  showProgress();

  let stopWatch: (() => Promise<void>) | undefined;
  const watch = () => (stopWatch ??= startSlaWatch({ input, state, slaBreaches, showProgress }));
  try {
    const begun = await begin(state, watch);
    retries.forget('begin_daily_run');
    if (begun?.finished) return begun.finished;
    watch();
    const championVersion = begun?.championVersion ?? null;
    if (begun) await settleSteps({ state, championVersion, onChange: showProgress });
  } finally {
    await stopWatch?.();
  }
  return finish({ state, slaBreaches });
}

/** After so long a run does not only begin slowly: the ledger can't be reached. */
const BEGIN_PATIENCE = '1 minute';

/**
 * Asks the ledger what there is to do, and calls `onWaiting` when that takes long: deadlines pass
 * meanwhile.
 *
 * @returns undefined when it failed for good, which is then the run's first error.
 */
async function begin(
  state: RunState,
  onWaiting: () => void,
): Promise<Awaited<ReturnType<typeof ledger.begin_daily_run>> | undefined> {
  const { date } = state;
  const beginning = ledger.begin_daily_run({ date });
  // Executions of an earlier release watched no deadline before they had begun.
  if (!patched('watch-sla-before-begin')) return beginning;
  let hasEnded = false;
  const end = () => void (hasEnded = true);
  beginning.then(end, end);
  try {
    if (!(await condition(() => hasEnded, BEGIN_PATIENCE))) onWaiting();
    return await beginning;
  } catch (failure) {
    const error = asCancellation(failure);
    if (isCancellation(error)) throw error;
    state.firstError = { step: 'begin_daily_run', error };
    return undefined;
  }
}

function startSlaWatch({
  input,
  state,
  slaBreaches,
  showProgress,
}: {
  input: DailyRunInput;
  state: RunState;
  slaBreaches: StepName[];
  showProgress: () => void;
}): () => Promise<void> {
  const { date, settled } = state;
  const due = dailyPipeline.filter((step) => isStepDue(step, date));
  const applies = slaApplies({ kind: input.kind, date, startedAtMillis: workflowClock() });
  return watchSla({
    date,
    deadlines: applies ? slaDeadlines(due, date) : [],
    isSettled: (step) => settled.has(step),
    onBreach: (step) => {
      slaBreaches.push(step);
      setSearchAttributes({ SlaBreached: 'true' });
      showProgress();
    },
  });
}

/**
 * Records the outcome in the ledger, also of a cancelled run, and returns or throws it. Of a failure it
 * alerts first: the ledger may be what can't be reached, and is tried for hours.
 */
async function finish({
  state,
  slaBreaches,
}: {
  state: RunState;
  slaBreaches: readonly StepName[];
}): Promise<DailyRunReport> {
  const { date } = state;
  const steps = dailyPipeline.flatMap(({ name }) => state.settled.get(name) ?? []);
  const verdict = state.firstError ? 'fail' : verdictOf(steps);
  const report: DailyRunReport = { date, verdict, steps, slaBreaches };
  const status = statusOf(state.firstError);
  // Executions of an earlier release recorded first, and failed without an alert when they could not.
  const alertsFirst = patched('alert-before-finish');
  if (alertsFirst) await alertOfFailure(report, state.firstError);
  try {
    await CancellationScope.nonCancellable(() => ledger.finish_daily_run({ report, status }));
  } catch (error) {
    if (!alertsFirst) throw error;
    if (!state.firstError) {
      state.firstError = { step: 'finish_daily_run', error };
      await alertOfFailure(report, state.firstError);
    }
  }
  const { firstError } = state;
  if (!firstError) return report;
  if (isCancellation(firstError.error)) throw firstError.error;
  if (!alertsFirst) await alertOfFailure(report, firstError);
  throw failureOf(report, firstError);
}

function statusOf(firstError: RunState['firstError']): DailyRunStatus {
  if (!firstError) return 'succeeded';
  return isCancellation(firstError.error) ? 'cancelled' : 'failed';
}

type RunError = NonNullable<RunState['firstError']>;

function churnErrorOf({ date }: DailyRunReport, { step, error }: RunError) {
  return new ChurnError('RUN_FAILED', { what: `${step} of ${date}`, problem: failureText(error) });
}

/** Nothing has failed where there is no error, or somebody cancelled the run. */
async function alertOfFailure(
  report: DailyRunReport,
  firstError: RunState['firstError'],
): Promise<void> {
  if (!firstError || isCancellation(firstError.error)) return;
  const { step, error } = firstError;
  await raiseAlert({
    // A later run of the date that fails at the same step may have another cause.
    key: `run-failed/${report.date}/${workflowInfo().runId}/${step}`,
    kind: 'run-failed',
    severity: 'critical',
    date: report.date,
    message: churnErrorOf(report, firstError).message,
    details: { step, problem: failureText(error) },
  });
}

function failureOf(report: DailyRunReport, firstError: RunError): ApplicationFailure {
  const { error } = firstError;
  const { message, code } = churnErrorOf(report, firstError);
  return ApplicationFailure.create({
    message,
    type: code,
    nonRetryable: true,
    details: [report],
    cause: error instanceof Error ? error : undefined,
  });
}
