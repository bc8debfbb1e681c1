import type { Progress } from '../contracts';

/** With what the progress of work begins that waits for another process. */
export const WAITING = 'waiting for';

/** Has the progress of work say what it waits for. */
export function reportWait({ report }: Pick<Progress, 'report'>, forWhat: string): void {
  report({ what: `${WAITING} ${forWhat}`, done: 0, total: 0 });
}
