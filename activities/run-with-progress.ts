import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import type { Progress, ProgressDetails } from '../packages/contracts';
import { reportEndedAttempts, reportFailedAttempt, type AttemptReport } from './report-attempts';
import { toActivityFailure } from './to-activity-failure';

/**
 * How often a heartbeat goes out while work is quiet, and at most while it is not. A cancellation comes
 * with the answer to one.
 */
export const BEAT_MS = 1_000;

/**
 * Runs one port as an activity: its progress becomes heartbeats, a cancellation reaches it through
 * the signal, and its errors become activity failures.
 *
 * Heartbeats go out also while the port is silent, since one SQL statement may take minutes (it
 * runs off the event loop): they say that the process is alive, and carry cancellation back.
 *
 * @param options.report  Who is told of attempts that fail and are made again; absent: nobody.
 */
export async function runWithProgress<T>(
  work: (progress: Progress) => Promise<T>,
  { beatMs = BEAT_MS, report: attempts }: { beatMs?: number; report?: AttemptReport } = {},
): Promise<T> {
  const { info, cancellationSignal: signal, heartbeat } = Context.current();
  let latest: ProgressDetails | undefined;
  let beatenAt = -Infinity;
  const beat = () => {
    beatenAt = performance.now();
    heartbeat(latest);
  };
  const report = (details: ProgressDetails) => {
    latest = details;
    if (info.heartbeatTimeoutMs && performance.now() - beatenAt >= beatMs) beat();
  };
  const timer = info.heartbeatTimeoutMs ? setInterval(beat, beatMs) : undefined;
  try {
    if (attempts) await reportEndedAttempts(attempts);
    return await work({ report, signal });
  } catch (error) {
    // Work that was told to stop may say so in its own words.
    if (signal.aborted) throw cancellationOf(signal);
    const failure = toActivityFailure(error);
    if (attempts) await reportFailedAttempt(failure, attempts);
    throw failure;
  } finally {
    clearInterval(timer);
  }
}

function cancellationOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new CancelledFailure('CANCELLED');
}
