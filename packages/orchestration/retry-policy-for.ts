import type { RiskClass } from '../contracts';

/** Intervals in milliseconds; the shape Temporal takes. */
export interface RetryPolicy {
  readonly initialInterval: number;
  readonly backoffCoefficient: number;
  readonly maximumInterval: number;
  readonly maximumAttempts: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** All attempts of one step together: a day's run must be over well before the next one starts. */
export const STEP_BUDGET_MINUTES = 6 * 60;

const policies: Readonly<Record<RiskClass, RetryPolicy>> = {
  // One transaction: a failed attempt left nothing, so trying again costs only time. Long enough to
  // sit out a database that is down for an hour or two; the SLA tells people meanwhile.
  load: backoff({ initialInterval: 5 * SECOND, maximumInterval: 5 * MINUTE, maximumAttempts: 30 }),
  // Minutes of both cores per attempt, and what fails is mostly deterministic: few attempts, far apart.
  compute: backoff({
    initialInterval: 10 * SECOND,
    maximumInterval: 5 * MINUTE,
    maximumAttempts: 8,
  }),
  // Forward-only writes may be repeated freely, and a restarted Redis is back within seconds: start
  // early, then keep trying as long as a load does.
  'external-write': backoff({
    initialInterval: SECOND,
    maximumInterval: 5 * MINUTE,
    maximumAttempts: 30,
  }),
  // A late alert is noise, and a failing one must not hold up the run that raised it.
  notify: backoff({ initialInterval: SECOND, maximumInterval: 10 * SECOND, maximumAttempts: 3 }),
  // Reads are free to repeat and hide nothing: short waits, an end within minutes.
  read: backoff({ initialInterval: SECOND, maximumInterval: MINUTE, maximumAttempts: 8 }),
};

function backoff(policy: Omit<RetryPolicy, 'backoffCoefficient'>): RetryPolicy {
  return { ...policy, backoffCoefficient: 2 };
}

/** How a step of this risk class is retried; errors that can't pass by waiting are never retried. */
export function retryPolicyFor(risk: RiskClass): RetryPolicy {
  return policies[risk];
}
