import {
  BILLING_LATE,
  CANCELS_WITHIN,
  chargeAttemptDays,
  CYCLE,
  extraCents,
  FIRST_STEPS_AFTER,
  hoursLate,
  pricesCents,
  promptDelay,
  REFUND_WITHIN,
  seatShares,
} from './business-rules';
import { chooseIndex, drawBetween, drawNearMin } from './choose';
import type { Cycle, Life } from './life';
import type { Draw, Streams } from './named-streams';
import type { MomentWindow } from './sessions';
import {
  DAY,
  HOUR,
  MINUTE,
  type BillingEventRow,
  type BillingEventType,
  type Moment,
  type PlanChangeRow,
} from './synthetic-world';

/** Plan changes are made in the last days of a cycle and charged from the next. */
const CHANGED_WITHIN = 3 * DAY;

/** Extras are bought before anyone cancels. */
const EXTRA_WITHIN = CYCLE - CANCELS_WITHIN - HOUR;

const LAST_CHARGE = chargeAttemptDays.at(-1)! * DAY + HOUR;
const LAST_REFUND = LAST_CHARGE + REFUND_WITHIN;

interface Payment {
  readonly type: BillingEventType;
  readonly time: Moment;
  readonly amountCents: number;
}

/** The billing events of one cycle that arrive in the window. */
export function billingEventsOf(
  user: Life,
  cycle: Cycle,
  window: MomentWindow,
  streams: Streams,
): BillingEventRow[] {
  if (cycle.isEpilogue || lastArrivalOf(cycle) < window.after) return [];
  const payments = paymentsOf(user, cycle, streams);
  const drawDelay = streams.open('billing-arrival', user.index, cycle.number);
  const rows: BillingEventRow[] = [];
  for (const [place, { type, time, amountCents }] of payments.entries()) {
    const arrival = time + billingDelay(drawDelay);
    if (arrival <= window.after || arrival > window.through) continue;
    streams.countWork('row');
    rows.push({
      eventId: `b${user.index}.${cycle.number}.${place}`,
      userId: user.userId,
      eventType: type,
      amountCents,
      currency: 'USD',
      eventTime: BigInt(time),
      ingestedAt: BigInt(arrival),
    });
  }
  return rows;
}

function lastArrivalOf(cycle: Cycle): Moment {
  const isLong = cycle.buysExtra || cycle.cancelledAt !== undefined;
  if (isLong) return cycle.start + CYCLE + hoursLate.max;
  if (cycle.plan === 'free') return -Infinity;
  return cycle.start + (cycle.isRefunded ? LAST_REFUND : LAST_CHARGE) + hoursLate.max;
}

function paymentsOf(user: Life, cycle: Cycle, streams: Streams): Payment[] {
  const payments = cycle.plan === 'free' ? [] : chargesOf(user, cycle, streams);
  if (cycle.buysExtra) {
    const draw = streams.open('extra', user.index, cycle.number);
    const time = cycle.start + FIRST_STEPS_AFTER + Math.floor(draw() * EXTRA_WITHIN);
    payments.push({ type: 'charge_succeeded', time, amountCents: drawBetween(extraCents, draw) });
  }
  if (cycle.cancelledAt !== undefined) {
    payments.push({ type: 'subscription_cancelled', time: cycle.cancelledAt, amountCents: 0 });
  }
  return payments;
}

function chargesOf(user: Life, cycle: Cycle, streams: Streams): Payment[] {
  const draw = streams.open('billing', user.index, cycle.number);
  const seats = 1 + chooseIndex(seatShares, streams.open('seats', user.index)());
  const amountCents = pricesCents[cycle.plan] * seats;
  const attempts = Math.min(cycle.failedPayments + 1, chargeAttemptDays.length);
  const charges: Payment[] = chargeAttemptDays.slice(0, attempts).map((days, attempt) => ({
    type: attempt < cycle.failedPayments ? 'charge_failed' : 'charge_succeeded',
    time: cycle.start + FIRST_STEPS_AFTER + days * DAY + Math.floor(draw() * 20 * MINUTE),
    amountCents,
  }));
  const last = charges.at(-1)!;
  const time = last.time + drawBetween({ min: HOUR, max: REFUND_WITHIN }, draw);
  const isRefunded = cycle.isRefunded && last.type === 'charge_succeeded';
  return isRefunded ? [...charges, { type: 'refund', time, amountCents }] : charges;
}

function billingDelay(draw: Draw): number {
  const isLate = draw() < BILLING_LATE;
  return isLate ? drawBetween(hoursLate, draw) : drawNearMin(promptDelay, draw);
}

/** The plan change of a cycle, if there is one and it arrives in the window. */
export function planChangesOf(
  user: Life,
  cycle: Cycle,
  window: MomentWindow,
  streams: Streams,
): PlanChangeRow[] {
  if (cycle.nextPlan === undefined) return [];
  const end = cycle.start + CYCLE;
  if (end + hoursLate.max < window.after) return [];
  const draw = streams.open('plan-change', user.index, cycle.number);
  const time = end - 1 - Math.floor(draw() * CHANGED_WITHIN);
  const arrival = time + billingDelay(draw);
  if (arrival <= window.after || arrival > window.through) return [];
  streams.countWork('row');
  return [
    {
      changeId: `p${user.index}.${cycle.number}`,
      userId: user.userId,
      plan: cycle.nextPlan,
      eventTime: BigInt(time),
      ingestedAt: BigInt(arrival),
    },
  ];
}
