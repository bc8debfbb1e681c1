import type { SyntheticWorld } from '../../contracts';
import type { EpochMicros } from '../../instants';

export interface ArrivedUser {
  readonly userId: string;
  readonly signupTime: EpochMicros;
  readonly plan: string;
  readonly country: string | null;
  readonly ingestedAt: EpochMicros;
}

export interface ArrivedPlanChange {
  readonly changeId: string;
  readonly userId: string;
  readonly plan: string;
  readonly eventTime: EpochMicros;
  readonly ingestedAt: EpochMicros;
}

export interface ArrivedUserEvent {
  readonly eventId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly eventType: string;
  readonly eventTime: EpochMicros;
  readonly ingestedAt: EpochMicros;
}

export interface ArrivedBillingEvent {
  readonly eventId: string;
  readonly userId: string;
  readonly eventType: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly eventTime: EpochMicros;
  readonly ingestedAt: EpochMicros;
}

/** Rows in the order they are to be tried; each is read once. */
export interface ArrivedRows {
  readonly users: Iterable<ArrivedUser>;
  readonly planChanges: Iterable<ArrivedPlanChange>;
  readonly userEvents: Iterable<ArrivedUserEvent>;
  readonly billingEvents: Iterable<ArrivedBillingEvent>;
}

/** The rows of a world that arrive in (after, through]; `packages/synthetic` is the real one. */
export type GenerateArrivals = (
  world: SyntheticWorld,
  window: { after: EpochMicros; through: EpochMicros },
) => ArrivedRows;
