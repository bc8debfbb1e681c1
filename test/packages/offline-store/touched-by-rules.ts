import { MICROS_PER_DAY, parseInstant } from '../../../packages/instants/epoch-micros';

/** A raw row; `time` is its signup or event time, an instant's text. */
export type Fact = { readonly userId: string; readonly time: string } & (
  | { readonly table: 'users'; readonly plan: string }
  | { readonly table: 'plan_changes'; readonly id: string; readonly plan: string }
  | {
      readonly table: 'user_events';
      readonly id: string;
      readonly sessionId: string;
      readonly type: string;
    }
  | {
      readonly table: 'billing_events';
      readonly id: string;
      readonly type: string;
      readonly cents: number;
    }
);

/** Days since 1970, both ends inclusive. */
type Days = readonly [from: number, to: number];

export interface TouchedDays {
  readonly features: readonly Days[];
  readonly label: readonly Days[];
}

/** The number of the first midnight at or after an instant. */
function firstMidnight(time: string): number {
  const micros = parseInstant(time);
  return Number(micros / MICROS_PER_DAY) + (micros % MICROS_PER_DAY === 0n ? 0 : 1);
}

/**
 * The days whose partitions a late row touches, by the rules in words (docs/DESIGN.md,
 * "Restatement"), written without the feature definitions: `facts` are all rows, it among them.
 */
export function touchedBy(fact: Fact, facts: readonly Fact[]): TouchedDays {
  const d = firstMidnight(fact.time);
  const beforeLabel: Days = [d - 30, d - 1];
  switch (fact.table) {
    case 'users':
      return { features: [[d, Infinity]], label: [] };
    case 'plan_changes':
      return { features: [untilNext(fact, facts), untilSettled(fact, facts)], label: [] };
    case 'user_events': {
      const sessions: Days[] = [
        [d, d + 6],
        [d, d + 29],
      ];
      const login = fact.type === 'login' ? [untilNext(fact, facts)] : [];
      return { features: [...sessions, ...login], label: [beforeLabel] };
    }
    case 'billing_events': {
      if (fact.type === 'charge_failed') return { features: [[d, d + 29]], label: [] };
      const spend: Days[] = fact.type === 'charge_succeeded' ? [[d, d + 89]] : [];
      const state = decidesState(fact) ? [untilSettled(fact, facts)] : [];
      const isCancellation = fact.type === 'subscription_cancelled';
      return { features: [...spend, ...state], label: isCancellation ? [beforeLabel] : [] };
    }
  }
}

/** In force until the first midnight at which the user's next row of its kind is. */
function untilNext(fact: Fact, facts: readonly Fact[]): Days {
  const kind = (one: Fact) => `${one.table} ${one.userId} ${'type' in one ? one.type : ''}`;
  const later = facts
    .filter((other) => kind(other) === kind(fact) && other.time > fact.time)
    .map((other) => firstMidnight(other.time));
  return [firstMidnight(fact.time), Math.min(...later, Infinity) - 1];
}

function decidesState(fact: Fact): boolean {
  if (fact.table === 'plan_changes') return true;
  if (fact.table !== 'billing_events') return false;
  return ['subscription_cancelled', 'subscription_started', 'charge_succeeded'].includes(fact.type);
}

/**
 * Whether the user is subscribed may hang on a row until another comes that settles it whatever was
 * before: a cancellation, a start, a change of plan; or a charge that is a return even if the row was
 * a cancellation, or, where the row is a charge itself, any later one.
 */
function untilSettled(fact: Fact, facts: readonly Fact[]): Days {
  const isCharge = (one: Fact) => 'type' in one && one.type === 'charge_succeeded';
  const settlesAfter = (other: Fact) =>
    parseInstant(fact.time) + (isCharge(other) && !isCharge(fact) ? 3n * MICROS_PER_DAY : 0n);
  const settling = facts
    .filter((other) => other.userId === fact.userId && decidesState(other))
    .filter((other) => parseInstant(other.time) > settlesAfter(other))
    .map((other) => firstMidnight(other.time));
  return [firstMidnight(fact.time), Math.min(...settling, Infinity) - 1];
}

export function isWithin(day: number, ranges: readonly Days[]): boolean {
  return ranges.some(([from, to]) => from <= day && day <= to);
}
