import { ChurnError, type SyntheticWorld } from '../contracts';
import { midnightOf, type EpochMicros } from '../instants';
import { recipes } from './recipes';

/** Arrivals with `ingestedAt` in `(after, through]`. */
export interface ArrivalWindow {
  readonly after: EpochMicros;
  readonly through: EpochMicros;
}

export type Plan = 'free' | 'basic' | 'pro';

export type BillingEventType =
  | 'charge_succeeded'
  | 'charge_failed'
  | 'refund'
  | 'subscription_started'
  | 'subscription_cancelled';

export interface UserRow {
  readonly userId: string;
  readonly signupTime: EpochMicros;
  /** The plan at signup. */
  readonly plan: Plan;
  readonly country: string;
  readonly ingestedAt: EpochMicros;
}

export interface PlanChangeRow {
  readonly changeId: string;
  readonly userId: string;
  readonly plan: Plan;
  readonly eventTime: EpochMicros;
  readonly ingestedAt: EpochMicros;
}

export interface UserEventRow {
  readonly eventId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly eventType: string;
  readonly eventTime: EpochMicros;
  readonly ingestedAt: EpochMicros;
}

export interface BillingEventRow {
  readonly eventId: string;
  readonly userId: string;
  readonly eventType: BillingEventType;
  /** Never negative; 0 for `subscription_started` and `subscription_cancelled`. */
  readonly amountCents: number;
  readonly currency: 'USD';
  readonly eventTime: EpochMicros;
  readonly ingestedAt: EpochMicros;
}

/** The rows of a world: each table by user, then by cycle; made while it is iterated, and the same when iterated again. */
export interface WorldRows {
  readonly users: Iterable<UserRow>;
  readonly planChanges: Iterable<PlanChangeRow>;
  readonly userEvents: Iterable<UserEventRow>;
  readonly billingEvents: Iterable<BillingEventRow>;
}

/**
 * Inside this package a moment is a whole number of epoch microseconds held in a double, which is
 * exact until the year 2255 and an order of magnitude faster than a bigint. Rows carry bigints.
 */
export type Moment = number;

/** The moment the world opens. */
export function openingOf(world: SyntheticWorld): Moment {
  return Number(midnightOf(world.start));
}

/** @throws ChurnError INVALID_REQUEST when the world is not one. */
export function checkWorld(world: SyntheticWorld): void {
  if (!recipes.has(world.version)) {
    const known = [...recipes.keys()].join(' or ');
    throw new ChurnError('INVALID_REQUEST', { problem: `the world's version must be ${known}` });
  }
  if (!Number.isSafeInteger(world.seed)) {
    throw new ChurnError('INVALID_REQUEST', { problem: 'seed must be a whole number' });
  }
  if (!Number.isSafeInteger(world.users) || world.users < 1) {
    throw new ChurnError('INVALID_REQUEST', { problem: 'users must be a whole number from 1' });
  }
  try {
    midnightOf(world.start);
  } catch {
    throw new ChurnError('INVALID_REQUEST', { problem: 'start must be a day as YYYY-MM-DD' });
  }
}
