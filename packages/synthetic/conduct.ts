import {
  BUYS_EXTRA,
  CHARGE_FAILS,
  CYCLE,
  planNames,
  RETRY_FAILS,
  SESSION_DAYS_LATE,
  REFUNDED,
  sessionsPerCycle,
} from './business-rules';
import { chooseIndex } from './choose';
import { churnProbability, trialDropOutProbability, type CycleConduct } from './churn-probability';
import type { Draw } from './named-streams';
import { TRIAL } from './recipes';
import type { Plan } from './synthetic-world';

/** What a user is while nothing changes. */
export interface Standing {
  readonly plan: Plan;
  /** Index into `sessionsPerCycle`. */
  readonly level: number;
}

/** What a user does in a cycle or a trial, before it has hours and minutes. */
export interface Conduct {
  readonly sessions: number;
  readonly failedPayments: number;
  /** Whether one of the sessions, not known which, arrives days late. */
  readonly hasSessionDaysLate: boolean;
  readonly isRefunded: boolean;
  readonly buysExtra: boolean;
}

/** The joint distribution of sessions and failed payments in the cycles that end one way. */
interface ConductLaw {
  readonly failureShares: readonly number[];
  /** For each count of failures: cumulative probabilities of 0, 1, 2, … sessions. */
  readonly sessionTables: readonly (readonly number[])[];
}

interface StandingLaw {
  /** The chance that such a user's cycle is the last, or trial all there is. */
  readonly leaves: number;
  readonly whenStaying: ConductLaw;
  readonly whenLeaving: ConductLaw;
}

const SESSIONS_MAX = 60;

const failureChances = [
  1 - CHARGE_FAILS,
  CHARGE_FAILS * (1 - RETRY_FAILS),
  CHARGE_FAILS * RETRY_FAILS * (1 - RETRY_FAILS),
  CHARGE_FAILS * RETRY_FAILS * RETRY_FAILS,
];

/**
 * Forwards, a user would have sessions (Poisson) and failed payments, and then leave with
 * `churnProbability` of them. Drawn that way, everyone's whole past would have to be made to know
 * who is still there today. So it is drawn backwards, with the same joint distribution: first
 * whether the cycle is the last, by the mean of `churnProbability`; then, only for cycles that
 * matter, sessions and failures by Bayes' rule, given that outcome.
 */
function standingLaw(
  plan: Plan,
  meanSessions: number,
  failures: readonly number[],
  leavesAfter: (conduct: CycleConduct) => number,
): StandingLaw {
  const sessionChances = poissonChances(meanSessions);
  const jointWith = (outcome: (churn: number) => number): number[][] =>
    failures.map((failureChance, failedPayments) =>
      sessionChances.map((sessionChance, sessions) => {
        const churn = leavesAfter({ plan, sessions, failedPayments });
        return failureChance * sessionChance * outcome(churn);
      }),
    );
  const leaving = jointWith((churn) => churn);
  const staying = jointWith((churn) => 1 - churn);
  return {
    leaves: sum(leaving.map(sum)) / (sum(leaving.map(sum)) + sum(staying.map(sum))),
    whenLeaving: conductLaw(leaving),
    whenStaying: conductLaw(staying),
  };
}

function conductLaw(joint: readonly (readonly number[])[]): ConductLaw {
  const total = sum(joint.map(sum));
  return {
    failureShares: joint.map((row) => sum(row) / total),
    sessionTables: joint.map((row) => cumulated(row)),
  };
}

function poissonChances(mean: number): number[] {
  const chances = [Math.exp(-mean)];
  for (let count = 1; count <= SESSIONS_MAX; count += 1) {
    chances.push((chances[count - 1]! * mean) / count);
  }
  return chances;
}

function cumulated(weights: readonly number[]): number[] {
  const total = sum(weights);
  let passed = 0;
  return weights.map((weight) => (passed += weight) / total);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const cycleLaws = lawsOf((plan, mean) =>
  standingLaw(plan, mean, plan === 'free' ? [1] : failureChances, churnProbability),
);

const trialLaws = lawsOf((plan, mean) =>
  standingLaw(plan, (mean * TRIAL) / CYCLE, [1], trialDropOutProbability),
);

function lawsOf(law: (plan: Plan, meanSessions: number) => StandingLaw) {
  const byPlan = planNames.map((plan) => [plan, sessionsPerCycle.map((mean) => law(plan, mean))]);
  return Object.fromEntries(byPlan) as Record<Plan, StandingLaw[]>;
}

/** The chance that a cycle of such a user is the last: the mean of `churnProbability` over conduct. */
export function leavingShare({ plan, level }: Standing): number {
  return cycleLaws[plan][level]!.leaves;
}

/** The chance that a trial of such a user is all there is. */
export function dropOutShare({ plan, level }: Standing): number {
  return trialLaws[plan][level]!.leaves;
}

/** Draws what is done in a trial, given whether it is all there is: sessions, and no payments. */
export function drawTrialConduct(standing: Standing, dropsOut: boolean, draw: Draw): Conduct {
  const { whenLeaving, whenStaying } = trialLaws[standing.plan][standing.level]!;
  const sessions = drawSessions((dropsOut ? whenLeaving : whenStaying).sessionTables[0]!, draw());
  return {
    sessions,
    failedPayments: 0,
    hasSessionDaysLate: draw() < sessions * SESSION_DAYS_LATE,
    isRefunded: false,
    buysExtra: false,
  };
}

/** Draws what is done in a cycle, given whether the user leaves at its end. */
export function drawConduct(standing: Standing, leaves: boolean, draw: Draw): Conduct {
  const { whenLeaving, whenStaying } = cycleLaws[standing.plan][standing.level]!;
  const law = leaves ? whenLeaving : whenStaying;
  const failedPayments = chooseIndex(law.failureShares, draw());
  const sessions = drawSessions(law.sessionTables[failedPayments]!, draw());
  return {
    sessions,
    failedPayments,
    hasSessionDaysLate: draw() < sessions * SESSION_DAYS_LATE,
    isRefunded: draw() < REFUNDED && standing.plan !== 'free',
    buysExtra: draw() < BUYS_EXTRA,
  };
}

function drawSessions(table: readonly number[], chance: number): number {
  let sessions = 0;
  while (sessions < SESSIONS_MAX && chance >= table[sessions]!) sessions += 1;
  return sessions;
}
