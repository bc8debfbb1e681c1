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
import { DAY, HOUR, MINUTE } from './durations';
import type { Cycle, Life } from './life';
import type { Draw, Streams } from './named-streams';
import type { MomentWindow } from './sessions';
import type {
  BillingEventRow,
  BillingEventType,
  Moment,
  Plan,
  PlanChangeRow,
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
  if (lastArrivalOf(cycle) < window.after) return [];
  const payments = paymentsOf(user, cycle, streams);
  const drawDelay = streams.open('billing-arrival', user.index, cycle.number);
  const rows: BillingEventRow[] = [];
  for (const [place, { type, time, amountCents }] of payments.entries()) {
    const arrival = time + billingDelay(drawDelay);
    if (arrival <= window.after || arrival > window.through) continue;
    streams.countWork('row');
    rows.push({
      eventId: user.ids.row('b', cycle.number, place),
      userId: user.ids.user,
      eventType: type,
      amountCents,
      currency: 'USD',
      eventTime: BigInt(time),
      ingestedAt: BigInt(arrival),
    });
  }
  return rows;
}

/** A bound, to leave most cycles alone; −∞ for those without a billing event. */
function lastArrivalOf(cycle: Cycle): Moment {
  const { start, end, kind, plan } = cycle;
  const { cancelledAt, finalInvoiceAt = -Infinity } = cycle.leaving;
  const isLong = cycle.conduct.buysExtra || cancelledAt !== undefined;
  if (isLong) return Math.max(end, finalInvoiceAt) + hoursLate.max;
  const isCharged = kind === 'regular' && plan !== 'free';
  if (isCharged)
    return start + (cycle.conduct.isRefunded ? LAST_REFUND : LAST_CHARGE) + hoursLate.max;
  return cycle.comesBy === 'subscription_started' ? start + LAST_CHARGE + hoursLate.max : -Infinity;
}

function paymentsOf(user: Life, cycle: Cycle, streams: Streams): Payment[] {
  const isCharged = cycle.kind === 'regular' && cycle.plan !== 'free';
  const payments = isCharged ? chargesOf(user, cycle, streams) : [];
  if (cycle.conduct.buysExtra) {
    const draw = streams.open('extra', user.index, cycle.number);
    const { cancelledAt = Infinity } = cycle.leaving;
    const within = Math.min(EXTRA_WITHIN, cancelledAt - HOUR - cycle.start);
    const time = cycle.start + FIRST_STEPS_AFTER + Math.floor(draw() * within);
    payments.push({ type: 'charge_succeeded', time, amountCents: drawBetween(extraCents, draw) });
  }
  if (cycle.leaving.cancelledAt !== undefined) {
    payments.push({
      type: 'subscription_cancelled',
      time: cycle.leaving.cancelledAt,
      amountCents: 0,
    });
  }
  if (cycle.leaving.finalInvoiceAt !== undefined) {
    const draw = streams.open('final-invoice', user.index, cycle.number);
    const amountCents = drawBetween(extraCents, draw);
    payments.push({ type: 'charge_succeeded', time: cycle.leaving.finalInvoiceAt, amountCents });
  }
  if (cycle.comesBy === 'subscription_started') {
    const time = cycle.since + FIRST_STEPS_AFTER;
    payments.push({ type: 'subscription_started', time, amountCents: 0 });
  }
  return payments;
}

function chargesOf(user: Life, cycle: Cycle, streams: Streams): Payment[] {
  const draw = streams.open('billing', user.index, cycle.number);
  const seats = 1 + chooseIndex(seatShares, streams.open('seats', user.index)());
  const amountCents = pricesCents[cycle.plan] * seats;
  const attempts = Math.min(cycle.conduct.failedPayments + 1, chargeAttemptDays.length);
  const charges: Payment[] = chargeAttemptDays.slice(0, attempts).map((days, attempt) => ({
    type: attempt < cycle.conduct.failedPayments ? 'charge_failed' : 'charge_succeeded',
    time: cycle.start + FIRST_STEPS_AFTER + days * DAY + Math.floor(draw() * 20 * MINUTE),
    amountCents,
  }));
  const last = charges.at(-1)!;
  const time = last.time + drawBetween({ min: HOUR, max: REFUND_WITHIN }, draw);
  const isRefunded = cycle.conduct.isRefunded && last.type === 'charge_succeeded';
  return isRefunded ? [...charges, { type: 'refund', time, amountCents }] : charges;
}

function billingDelay(draw: Draw): number {
  const isLate = draw() < BILLING_LATE;
  return isLate ? drawBetween(hoursLate, draw) : drawNearMin(promptDelay, draw);
}

/** The plan changes of a cycle that arrive in the window: of coming back, and in its last days. */
export function planChangesOf(
  user: Life,
  cycle: Cycle,
  window: MomentWindow,
  streams: Streams,
): PlanChangeRow[] {
  const rows: PlanChangeRow[] = [];
  const { number, plan, nextPlan, since, comesBy, end } = cycle;
  if (comesBy === 'plan_change' && since + DAY + hoursLate.max >= window.after) {
    const draw = streams.open('return-arrival', user.index, number);
    const time = since + FIRST_STEPS_AFTER;
    rows.push(planChange(user, user.ids.row('p', number, 1), { plan, time, draw }));
  }
  if (nextPlan !== undefined && end + hoursLate.max >= window.after) {
    const draw = streams.open('plan-change', user.index, number);
    const time = end - 1 - Math.floor(draw() * CHANGED_WITHIN);
    rows.push(planChange(user, user.ids.row('p', number), { plan: nextPlan, time, draw }));
  }
  const arriving = rows.filter(
    ({ ingestedAt }) => Number(ingestedAt) > window.after && Number(ingestedAt) <= window.through,
  );
  for (const _row of arriving) streams.countWork('row');
  return arriving;
}

function planChange(
  user: Life,
  changeId: string,
  change: { plan: Plan; time: Moment; draw: Draw },
): PlanChangeRow {
  const { plan, time, draw } = change;
  return {
    changeId,
    userId: user.ids.user,
    plan,
    eventTime: BigInt(time),
    ingestedAt: BigInt(time + billingDelay(draw)),
  };
}
