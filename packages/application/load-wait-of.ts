import type { Progress } from '../contracts';
import type { LoadWait } from '../raw-data';
import { reportWait } from './report-wait';

/** Has the progress of work say which load it waits for, and how far that is; cancelled, it stops waiting. */
export function loadWaitOf(progress: Pick<Progress, 'report' | 'signal'>): LoadWait {
  const onWaiting = (load: string) => reportWait(progress, `a load (${load})`);
  return { onWaiting, signal: progress.signal };
}
