import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { Progress, ProgressDetails } from '../contracts';
import { WAITING } from './report-wait';

/** An activity of a running workflow whose last attempt failed. */
export interface PendingFailure {
  /** Its activity type. */
  readonly step: string;
  /** The attempt that failed; the first is 1. */
  readonly attempt: number;
  /** Code and message. */
  readonly error: string;
  /** Epoch milliseconds of the next attempt; null: it is running. */
  readonly nextAtMillis: number | null;
}

/**
 * What a workflow is trying again, as Temporal itself has it: also where the worker is gone and could
 * tell nobody.
 */
export function pendingFailures({ raw }: WorkflowExecutionDescription): PendingFailure[] {
  return (raw.pendingActivities ?? []).flatMap((activity): PendingFailure[] => {
    const { activityType, attempt, lastFailure, scheduledTime, nextAttemptScheduleTime } = activity;
    if (!activityType?.name || !lastFailure) return [];
    const type = lastFailure.applicationFailureInfo?.type;
    const message = lastFailure.message ?? '';
    const nextAt = millisOf(nextAttemptScheduleTime ?? scheduledTime);
    return [
      {
        step: activityType.name,
        attempt: (attempt ?? 2) - 1,
        error: type && type !== 'Error' ? `${type}: ${message}` : message,
        nextAtMillis: Number(activity.state) === STARTED ? null : nextAt,
      },
    ];
  });
}

/** PENDING_ACTIVITY_STATE_STARTED of Temporal's API. */
const STARTED = 2;

type Timestamp = { seconds?: unknown; nanos?: number | null } | null | undefined;

function millisOf(time: Timestamp): number | null {
  if (!time) return null;
  return Number(time.seconds ?? 0) * 1_000 + Math.floor((time.nanos ?? 0) / 1_000_000);
}

/** One line for people: which step, why, and when it is tried again. */
export function describePendingFailure(
  { step, attempt, error, nextAtMillis }: PendingFailure,
  nowMillis: number,
): string {
  const seconds = Math.ceil(((nextAtMillis ?? nowMillis) - nowMillis) / 1_000);
  const next = seconds > 0 ? `the next is in ${seconds} s` : 'the next is under way';
  return `${step}: attempt ${attempt} failed, ${next}. ${error}`;
}

/**
 * Says of each attempt that failed once what it failed of, as long as it is tried again, and once of
 * each that it waits for a load.
 */
export function createStepNotes(
  handle: Pick<WorkflowHandle, 'describe'>,
  progress: Pick<Progress, 'note'>,
): () => Promise<void> {
  const noted = new Set<string>();
  const noteOnce = (key: string, text: string) => {
    if (!noted.has(key)) progress.note?.(text);
    noted.add(key);
  };
  return async () => {
    if (!progress.note) return;
    const description = await handle.describe();
    for (const failure of pendingFailures(description)) {
      const key = `${failure.step} ${failure.attempt} ${failure.error}`;
      noteOnce(key, describePendingFailure(failure, Date.now()));
    }
    for (const { step, attempt, what } of pendingWaits(description)) {
      noteOnce(`${step} ${attempt} waits`, `${step} is ${what}`);
    }
  };
}

/** The steps that wait for another process, and for what, as their heartbeats say it. */
function pendingWaits({ raw }: WorkflowExecutionDescription) {
  return (raw.pendingActivities ?? []).flatMap(({ activityType, attempt, heartbeatDetails }) => {
    const [payload] = heartbeatDetails?.payloads ?? [];
    const details =
      payload && defaultPayloadConverter.fromPayload<Partial<ProgressDetails>>(payload);
    const what = details?.what;
    if (!what?.startsWith(WAITING)) return [];
    return [{ step: activityType?.name ?? 'a step', attempt, what }];
  });
}
