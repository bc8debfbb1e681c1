import type { Progress } from '../../contracts';
import type { HeldLease } from '../../database';
import { WAITING } from '../load-wait-of';

/** Has progress say that it waits for another process to start a backfill; cancelled, it stops waiting. */
export function startWaitOf({ report, signal }: Pick<Progress, 'report' | 'signal'>) {
  const onWaiting = (holder: HeldLease | null) => {
    // Without a lease it is somebody who has the lock for a moment.
    if (!holder) return;
    const what = `${WAITING} another backfill to be started (since ${holder.startedAt})`;
    report({ what, done: 0, total: 0 });
  };
  return { onWaiting, signal };
}
