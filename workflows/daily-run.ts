import { ApplicationFailure } from '@temporalio/common';
import {
  CancellationScope,
  defineQuery,
  isCancellation,
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

  const { finished, championVersion } = await ledger.begin_daily_run({ date });
  retries.forget('begin_daily_run');
  if (finished) return finished;
  const stopWatch = startSlaWatch({ input, state, slaBreaches, showProgress });
  try {
    await settleSteps({ state, championVersion, onChange: showProgress });
  } finally {
    await stopWatch();
  }
  return finish({ state, slaBreaches });
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

/** Records the outcome in the ledger, also of a cancelled run, and returns or throws it. */
async function finish({
  state,
  slaBreaches,
}: {
  state: RunState;
  slaBreaches: readonly StepName[];
}): Promise<DailyRunReport> {
  const { date, firstError } = state;
  const steps = dailyPipeline.flatMap(({ name }) => state.settled.get(name) ?? []);
  const report: DailyRunReport = { date, verdict: verdictOf(steps), steps, slaBreaches };
  const status = statusOf(firstError);
  await CancellationScope.nonCancellable(() => ledger.finish_daily_run({ report, status }));
  if (!firstError) return report;
  if (isCancellation(firstError.error)) throw firstError.error;
  throw await failureOf(report, firstError);
}

function statusOf(firstError: RunState['firstError']): DailyRunStatus {
  if (!firstError) return 'succeeded';
  return isCancellation(firstError.error) ? 'cancelled' : 'failed';
}

async function failureOf(
  report: DailyRunReport,
  { step, error }: NonNullable<RunState['firstError']>,
): Promise<ApplicationFailure> {
  const problem = failureText(error);
  const { message, code } = new ChurnError('RUN_FAILED', {
    what: `${step} of ${report.date}`,
    problem,
  });
  await raiseAlert({
    // A later run of the date that fails at the same step may have another cause.
    key: `run-failed/${report.date}/${workflowInfo().runId}/${step}`,
    kind: 'run-failed',
    severity: 'critical',
    date: report.date,
    message,
    details: { step, problem },
  });
  return ApplicationFailure.create({
    message,
    type: code,
    nonRetryable: true,
    details: [report],
    cause: error instanceof Error ? error : undefined,
  });
}
