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
export function churnProbability({ plan, sessions, failedPayments }: CycleConduct): number {
  const logit =
    churnLogit.intercept +
    churnLogit.plan[plan] +
    churnLogit.perSession * sessions +
    churnLogit.perFailedPayment * failedPayments;
  return 1 / (1 + Math.exp(-logit));
}
