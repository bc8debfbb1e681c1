import { Context, log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { workflowMessages, type Alert, type StepRetry } from '../packages/contracts';
import { tellWorkflow } from './tell-workflow';

/** One failure may pass unseen; the second is worth somebody's look while it still goes on. */
const ALERT_FROM_ATTEMPT = 2;
const ERROR_CHARACTERS_MAX = 500;

type RaiseAlert = (alert: Alert) => Promise<unknown>;

export interface AttemptReport {
  readonly raiseAlert: RaiseAlert;
  /** The logical date that the work is about; absent: the day it was scheduled on. */
  readonly date?: string;
}

/**
 * Before an attempt: alerts when those before it ended without being able to say why, as with a
 * killed worker. Where one of them could, this is the same alert, and nothing happens. Never rejects.
 */
export async function reportEndedAttempts(report: AttemptReport): Promise<void> {
  const { attempt } = Context.current().info;
  if (attempt !== ALERT_FROM_ATTEMPT + 1) return;
  const error = 'its worker was killed or did not answer; Temporal has the last failure';
  await alertOnce(report, { attempt: attempt - 1, error });
}

/**
 * After an attempt that is tried again: tells the workflow, whose details people see in Temporal's UI,
 * and alerts from the second one on, once per step and run. Never rejects, nor says anything of a last
 * attempt: the workflow reports that one.
 */
export async function reportFailedAttempt(failure: Error, report: AttemptReport): Promise<void> {
  const { info } = Context.current();
  const isLast = info.attempt >= (info.retryPolicy?.maximumAttempts || Infinity);
  const isFinal = failure instanceof ApplicationFailure && failure.nonRetryable === true;
  if (isLast || isFinal) return;
  const retry = { attempt: info.attempt, error: errorText(failure) };
  if (info.attempt >= ALERT_FROM_ATTEMPT) await alertOnce(report, retry);
  await tellWorkflow(workflowMessages.retrying, { step: info.activityType, ...retry });
}

function errorText(failure: Error): string {
  const type = failure instanceof ApplicationFailure ? failure.type : undefined;
  const text = type ? `${type}: ${failure.message}` : failure.message;
  return text.slice(0, ERROR_CHARACTERS_MAX);
}

async function alertOnce(
  { raiseAlert, date }: AttemptReport,
  { attempt, error }: Omit<StepRetry, 'step'>,
): Promise<void> {
  const { activityType, workflowExecution, scheduledTimestampMs } = Context.current().info;
  const { workflowId = 'unknown', runId = 'unknown' } = workflowExecution ?? {};
  const day = date ?? new Date(scheduledTimestampMs).toISOString().slice(0, 10);
  const message = `${activityType} of ${day} failed ${attempt} times and will be tried again. ${error}`;
  try {
    await raiseAlert({
      key: `step-retrying/${workflowId}/${runId}/${activityType}`,
      kind: 'step-retrying',
      severity: 'warning',
      date: day,
      message,
      details: { step: activityType, attempt, error, workflow_id: workflowId, run_id: runId },
    });
  } catch (failure) {
    log.warn('alert not raised', { message, error: failure });
  }
}
