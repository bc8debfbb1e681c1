import type { Progress } from '../contracts';
import { reportWait } from './report-wait';

/** Has the progress of work say that it waits for the raw log; cancelled, it stops waiting. */
export function rawLogWaitOf(progress: Pick<Progress, 'report' | 'signal'>) {
  const onWaiting = (since: string) =>
    reportWait(progress, `the raw log (another process has been updating it since ${since})`);
  return { onWaiting, signal: progress.signal };
}
