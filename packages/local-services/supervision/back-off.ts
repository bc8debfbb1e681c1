/** How often something was tried of late, and when it may be tried again. Times are in milliseconds. */
export interface BackOff {
  readonly attempts: number;
  readonly lastAt: number;
  readonly notBefore: number;
}

const FIRST_DELAY_MILLIS = 1_000;
const LONGEST_DELAY_MILLIS = 60_000;
/** What has run for so long after an attempt is well again: the next time counts as the first. */
const CALM_MILLIS = 5 * 60_000;

/**
 * Notes an attempt made now. The next one may follow after a second, and each further one after twice
 * the time, up to a minute.
 */
export function backOff(before: BackOff | undefined, now: number): BackOff {
  const isCalm = before === undefined || now - before.lastAt > CALM_MILLIS;
  const attempts = isCalm ? 1 : before.attempts + 1;
  const delay = Math.min(LONGEST_DELAY_MILLIS, FIRST_DELAY_MILLIS * 2 ** (attempts - 1));
  return { attempts, lastAt: now, notBefore: now + delay };
}
