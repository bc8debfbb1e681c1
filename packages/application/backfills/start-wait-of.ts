import type { Progress } from '../../contracts';
import type { HeldLease } from '../../database';
import { reportWait } from '../report-wait';

/** Has progress say that it waits for another process to start a backfill; cancelled, it stops waiting. */
export function startWaitOf(progress: Pick<Progress, 'report' | 'signal'>) {
  const onWaiting = (holder: HeldLease | null) => {
    // Without a lease it is somebody who has the lock for a moment.
    if (!holder) return;
    reportWait(progress, `another backfill to be started (since ${holder.startedAt})`);
  };
  return { onWaiting, signal: progress.signal };
}
