import {
  BUYS_EXTRA,
  CHARGE_FAILS,
  plans,
  RETRY_FAILS,
  SESSION_DAYS_LATE,
  REFUNDED,
  sessionsPerCycle,
} from './business-rules';
import { chooseIndex } from './choose';
import { churnProbability } from './churn-probability';
import type { Draw } from './named-streams';
import type { Plan } from './synthetic-world';

/** What a user is while nothing changes. */
export interface Standing {
  readonly plan: Plan;
  /** Index into `sessionsPerCycle`. */
  readonly level: number;
}

/** What a user does in a cycle, before it has hours and minutes. */
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
  /** The chance that a cycle of such a user is the last. */
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
function standingLaw({ plan, level }: Standing): StandingLaw {
  const failures = plan === 'free' ? [1] : failureChances;
  const sessionChances = poissonChances(sessionsPerCycle[level]!);
  const jointWith = (outcome: (churn: number) => number): number[][] =>
    failures.map((failureChance, failedPayments) =>
      sessionChances.map((sessionChance, sessions) => {
        const churn = churnProbability({ plan, sessions, failedPayments });
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

const laws = Object.fromEntries(
  plans.map((plan) => [plan, sessionsPerCycle.map((_, level) => standingLaw({ plan, level }))]),
) as Record<Plan, StandingLaw[]>;

/** The chance that a cycle of such a user is the last: the mean of `churnProbability` over conduct. */
export function leavingShare({ plan, level }: Standing): number {
  return laws[plan][level]!.leaves;
}

/** Draws what is done in a cycle, given whether the user leaves at its end. */
export function drawConduct(standing: Standing, leaves: boolean, draw: Draw): Conduct {
  const { whenLeaving, whenStaying } = laws[standing.plan][standing.level]!;
  const law = leaves ? whenLeaving : whenStaying;
  const failedPayments = chooseIndex(law.failureShares, draw());
  const table = law.sessionTables[failedPayments]!;
  const chance = draw();
  let sessions = 0;
  while (sessions < SESSIONS_MAX && chance >= table[sessions]!) sessions += 1;
  return {
    sessions,
    failedPayments,
    hasSessionDaysLate: draw() < sessions * SESSION_DAYS_LATE,
    isRefunded: draw() < REFUNDED && standing.plan !== 'free',
    buysExtra: draw() < BUYS_EXTRA,
  };
}
