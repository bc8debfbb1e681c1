import type { Progress } from '../contracts';
import type { LoadWait } from '../raw-data';

/** With what the progress of work begins that waits for another process. */
export const WAITING = 'waiting for';

/** Has the progress of work say which load it waits for, and how far that is; cancelled, it stops waiting. */
export function loadWaitOf({ report, signal }: Pick<Progress, 'report' | 'signal'>): LoadWait {
  const onWaiting = (load: string) =>
    report({ what: `${WAITING} a load (${load})`, done: 0, total: 0 });
  return { onWaiting, signal };
}
