import type { Progress } from '../contracts';
import { WAITING } from './load-wait-of';

/** Has the progress of work say that it waits for the raw log; cancelled, it stops waiting. */
export function rawLogWaitOf({ report, signal }: Pick<Progress, 'report' | 'signal'>) {
  const onWaiting = (since: string) =>
    report({
      what: `${WAITING} the raw log (another process has been updating it since ${since})`,
      done: 0,
      total: 0,
    });
  return { onWaiting, signal };
}
