import { DAY, HOUR, MINUTE, SECOND } from './durations';
import type { Plan } from './synthetic-world';

/** Every user lives in cycles of this length from signup; paid plans are charged at each start. */
export const CYCLE = 30 * DAY;

/** Nobody stays longer: it bounds whom a day has to look at; one in twenty would. */
export const LONGEST_STAY_CYCLES = 36;

/** The founding half signs up within these days, the other half within the rest of the year. */
export const FOUNDING_DAYS = 30;
export const FIRST_YEAR_DAYS = 365;

/** A user's first charge or session comes at least this long after signup … */
export const FIRST_STEPS_AFTER = 2 * MINUTE;
/** … and the user's own row has arrived by then, hence before any other row of the user. */
export const USER_ARRIVES_WITHIN = 90 * SECOND;

export const planNames: readonly Plan[] = ['free', 'basic', 'pro'];
export const pricesCents: Readonly<Record<Plan, number>> = { free: 0, basic: 1_900, pro: 3_900 };
/** Of paying users, by seats that they pay for: 1, 2, 3 … */
export const seatShares = [0.6, 0.2, 0.1, 0.06, 0.04] as const;
/** Of cycles, whatever the plan: those in which something is bought besides, for this many cents. */
export const BUYS_EXTRA = 0.25;
export const extraCents = { min: 300, max: 6_000 } as const;
export const countries = ['US', 'DE', 'GB', 'FR', 'IN', 'BR'] as const;
export const countryShares = [0.38, 0.18, 0.15, 0.11, 0.1, 0.08] as const;

/**
 * Plans and engagement levels at the start of a life. Who stays is not who comes: the founding half
 * is drawn as the standing population is, so that the world is in its steady state from the start
 * and an ordinary day does not look like drift. (The expected cycles lived in each, for newcomers.)
 */
export const planShares = {
  newcomer: [0.4, 0.35, 0.25],
  founder: [0.345, 0.315, 0.34],
} as const;
export const levelShares = {
  newcomer: [0.2, 0.2, 0.2, 0.2, 0.2],
  founder: [0.096, 0.163, 0.208, 0.309, 0.224],
} as const;

/** Mean sessions per cycle at each level of engagement. */
export const sessionsPerCycle = [1.5, 3.5, 6, 10, 16] as const;

/** Per cycle, the chance of moving one level of engagement up or down. */
export const LEVEL_CHANGES = 0.15;

/** Per cycle, the chance of changing plan, and the shares of the plans then chosen, as `planNames`. */
export const planMoves: Readonly<Record<Plan, { share: number; targets: readonly number[] }>> = {
  free: { share: 0.035, targets: [0, 0.7, 0.3] },
  basic: { share: 0.045, targets: [0.33, 0, 0.67] },
  pro: { share: 0.035, targets: [0.15, 0.85, 0] },
};

/** Of the charges at the start of a cycle; a retry fails half the time, and the third is the last. */
export const CHARGE_FAILS = 0.14;
export const RETRY_FAILS = 0.5;
export const chargeAttemptDays = [0, 2, 5] as const;
export const REFUNDED = 0.02;
export const REFUND_WITHIN = 10 * DAY;

/** Of the users who leave, also the free: those who say so, at a moment of their last days. */
export const CANCELS = 0.75;
export const CANCELS_WITHIN = 3 * DAY;
/** Of those who cancelled: who looks in once more. */
export const LOOKS_IN_AGAIN = 0.08;

/** Of sessions: those continued hours later, up to the next day, under the same session id. */
export const SESSION_RETURNS = 0.05;
export const RETURNS_AFTER = { min: 2 * HOUR, max: 26 * HOUR } as const;
/** No uninterrupted part of a session is longer. */
export const LONGEST_SITTING = 2 * HOUR;
export const LONGEST_SESSION = RETURNS_AFTER.max + 2 * LONGEST_SITTING;

/** Of sessions: those that arrive hours and days late, all their rows at once. */
export const SESSION_HOURS_LATE = 0.03;
export const SESSION_DAYS_LATE = 0.01;
export const hoursLate = { min: 1 * HOUR, max: 20 * HOUR } as const;
export const daysLate = { min: 1 * DAY, max: 21 * DAY } as const;
/** The others: within a second to ten minutes of each event, mostly seconds. */
export const promptDelay = { min: SECOND, max: 10 * MINUTE } as const;
/** Of charges, refunds, cancellations and plan changes: those that arrive hours late. */
export const BILLING_LATE = 0.01;

/** No row arrives later than this after its event. */
export const LATEST_ARRIVAL = daysLate.max;
