import { CYCLE } from './business-rules';
import { TRIAL } from './recipes';
import type { Plan } from './synthetic-world';

export interface CycleConduct {
  readonly plan: Plan;
  readonly sessions: number;
  readonly failedPayments: number;
}

/** Log-odds of leaving. Linear, so that a logistic regression can find them. */
export const churnLogit = {
  intercept: -1.35,
  perSession: -0.16,
  perFailedPayment: 1,
  plan: { free: 0.1, basic: 0, pro: -0.8 },
} as const;

/** The chance that a cycle so spent is the user's last: 1 / (1 + exp(−logit)). */
export function churnProbability(conduct: CycleConduct): number {
  return logistic(churnLogitOf(conduct));
}

/** By how much the log-odds of leaving are higher at the end of a trial than of a cycle as busy. */
const TRIAL_LOGIT = 2.2;

/** The chance that a trial with so many sessions is all there is. */
export function trialDropOutProbability({ plan, sessions }: Omit<CycleConduct, 'failedPayments'>) {
  const asCycle = { plan, sessions: (sessions * CYCLE) / TRIAL, failedPayments: 0 };
  return logistic(churnLogitOf(asCycle) + TRIAL_LOGIT);
}

function churnLogitOf({ plan, sessions, failedPayments }: CycleConduct): number {
  return (
    churnLogit.intercept +
    churnLogit.plan[plan] +
    churnLogit.perSession * sessions +
    churnLogit.perFailedPayment * failedPayments
  );
}

function logistic(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
