import { patched, proxyActivities, type ActivityOptions } from '@temporalio/workflow';
import type { PipelineActivities, StepInput } from '../activities';
import { dailyPipeline, type PipelineStep, type StepName } from '../packages/contracts';
import { retryPolicyFor, STEP_BUDGET_MINUTES } from '../packages/orchestration';

/**
 * How a pipeline step runs as an activity: the limits are the step's own, the retry policy that of
 * its risk.
 */
function stepOptions(step: PipelineStep, date: string): ActivityOptions {
  return {
    summary: `${step.name} of ${date}`,
    startToCloseTimeout: `${step.startToCloseMinutes} minutes`,
    scheduleToCloseTimeout: `${STEP_BUDGET_MINUTES} minutes`,
    heartbeatTimeout: `${step.heartbeatSeconds} seconds`,
    retry: retryPolicyFor(step.risk),
    ...untilStopped(),
  };
}

/**
 * A cancelled activity counts as ended when it has stopped, so that nothing writes after the workflow
 * is over, and no second one begins beside it. The SDK's documentation calls this the default, which it
 * is not.
 */
function untilStopped(): Pick<ActivityOptions, 'cancellationType'> {
  return waitsForStopped() ? { cancellationType: 'WAIT_CANCELLATION_COMPLETED' } : {};
}

/** Executions of an earlier release went on at once, and a pause stopped nothing; theirs replay so. */
export function waitsForStopped(): boolean {
  return patched('wait-for-stopped-activities');
}

/** Runs one step of the daily pipeline; rejects when its retries are used up. */
export function runStep(step: PipelineStep, input: StepInput): Promise<unknown> {
  const activities = proxyActivities<PipelineActivities>(stepOptions(step, input.date));
  return activities[step.name](input);
}

/** The same by name, for workflows that need one step outside the daily pipeline. */
export function runStepNamed(name: StepName, input: StepInput): Promise<unknown> {
  return runStep(
    dailyPipeline.find((step) => step.name === name)!,
    input,
  );
}

/** Short transactions in the ledger and look-ups: quick, and without them nothing can go on. */
export const ledger = proxyActivities<
  Pick<
    PipelineActivities,
    | 'begin_daily_run'
    | 'finish_daily_run'
    | 'find_missing_runs'
    | 'settle_chunk'
    | 'finish_backfill'
  >
>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: `${STEP_BUDGET_MINUTES} minutes`,
  retry: retryPolicyFor('external-write'),
});

/** Waits for the load lock while a load is running, and may have thousands of manifests to read. */
export const planning = proxyActivities<Pick<PipelineActivities, 'plan_backfill'>>({
  startToCloseTimeout: '30 minutes',
  scheduleToCloseTimeout: `${STEP_BUDGET_MINUTES} minutes`,
  heartbeatTimeout: '30 seconds',
  retry: retryPolicyFor('load'),
});

/** Minutes of work on every core; the summary says in the Temporal UI which. */
export function computing(summary: string) {
  return proxyActivities<Pick<PipelineActivities, 'compute_chunk' | 'restate_partitions'>>({
    summary,
    startToCloseTimeout: '2 hours',
    scheduleToCloseTimeout: `${STEP_BUDGET_MINUTES} minutes`,
    heartbeatTimeout: '30 seconds',
    retry: retryPolicyFor('compute'),
    ...untilStopped(),
  });
}

export const notifying = proxyActivities<Pick<PipelineActivities, 'raise_alert'>>({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: `${STEP_BUDGET_MINUTES} minutes`,
  retry: retryPolicyFor('notify'),
});
