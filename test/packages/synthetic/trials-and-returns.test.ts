import { MICROS_PER_DAY } from '../../../packages/instants/epoch-micros';
import type {
  BillingEventRow,
  PlanChangeRow,
  UserRow,
} from '../../../packages/synthetic/synthetic-world';
import { firstDays } from './collected-rows';

interface Customer {
  readonly user: UserRow;
  /** By time. */
  readonly bills: readonly BillingEventRow[];
  readonly changes: readonly PlanChangeRow[];
  readonly logins: readonly bigint[];
}

/** A cancellation, and all that the user did afterwards. */
interface Departure {
  readonly at: bigint;
  readonly customer: Customer;
}

const DAYS = 500;
const world = { version: 2, seed: 4, users: 1_500, start: '2024-01-01' };
const end = BigInt(Date.parse(world.start)) * 1_000n + BigInt(DAYS) * MICROS_PER_DAY;

describe('trials and returns of a synthetic world of version 2', () => {
  const customers = customersOf(firstDays(world, DAYS));
  const departures = customers.flatMap((customer) =>
    billsOf(customer, 'subscription_cancelled').map(({ eventTime: at }) => ({ at, customer })),
  );
  const early = departures.filter(({ at }) => at < end - 160n * MICROS_PER_DAY);
  const paid = customers.filter(({ user }) => user.plan !== 'free');
  const trials = paid.filter((customer) => !isChargedWithin(customer, 14));
  const over = trials.filter(({ user }) => user.signupTime < end - 60n * MICROS_PER_DAY);
  const returns = early.filter((departure) => comesBackBy(departure) !== undefined);
  const by = (way: string) => returns.filter((departure) => comesBackBy(departure) === way);

  it.each<[string, readonly unknown[], readonly unknown[], number, number]>([
    ['paid signups begin with a trial', trials, paid, 0.25, 0.5],
    ['trials are converted', over.filter((one) => isChargedWithin(one, 60)), over, 0.5, 0.75],
    ['trials are cancelled', trials.filter((one) => isCancelledWithin(one, 14)), trials, 0.2, 0.4],
    ['cancellations have a final invoice', early.filter(hasFinalInvoice), early, 0.1, 0.35],
    ['cancellations leave the period to be used', early.filter(isUsedOn), early, 0.15, 0.4],
    ['who cancelled return', returns, early, 0.12, 0.25],
    ['returns are by subscription_started', by('subscription_started'), returns, 0.5, 0.8],
    ['returns are by a plan change', by('plan_change'), returns, 0.1, 0.3],
    ['returns are by a charge', by('charge'), returns, 0.03, 0.25],
  ])('%s, this share of them', (_what, some, all, least, most) => {
    expect(all.length).toBeGreaterThan(50);
    expect(some.length / all.length).toBeGreaterThan(least);
    expect(some.length / all.length).toBeLessThan(most);
  });

  it('has a subscription_started at every paid signup, and no other within three weeks', () => {
    for (const customer of customers) {
      const { signupTime, plan } = customer.user;
      const started = billsOf(customer, 'subscription_started').filter(
        ({ eventTime }) => eventTime < signupTime + 21n * MICROS_PER_DAY,
      );
      expect(started).toHaveLength(plan === 'free' ? 0 : 1);
    }
  });

  it('charges nobody between the end of the third day after a cancellation and a return', () => {
    for (const { at, customer } of departures) {
      const [next] = billsOf(customer, 'charge_succeeded').filter(
        ({ eventTime }) => eventTime > at + 3n * MICROS_PER_DAY,
      );
      if (next) expect(next.eventTime).toBeGreaterThan(at + 21n * MICROS_PER_DAY);
    }
  });

  it('brings those who return weeks or months later back to use it', () => {
    const used = returns.filter(({ at, customer }) =>
      customer.logins.some((time) => time > at + 21n * MICROS_PER_DAY),
    );
    expect(used.length / returns.length).toBeGreaterThan(0.85);
  });

  it('has users who go silent without cancelling', () => {
    const lastSeen = ({ logins, user }: Customer) => logins.at(-1) ?? user.signupTime;
    const silent = customers.filter((one) => lastSeen(one) < end - 60n * MICROS_PER_DAY);
    const lapsed = silent.filter((one) => billsOf(one, 'subscription_cancelled').length === 0);
    expect(lapsed.length / silent.length).toBeGreaterThan(0.15);
    expect(lapsed.length / silent.length).toBeLessThan(0.35);
  });

  it('has user ids of 1 to 128 bytes, two fifths of them uuids', () => {
    const ids = customers.map(({ user }) => user.userId);
    const lengths = new Set(ids.map((id) => id.length));
    const uuids = ids.filter((id) =>
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-/.test(id),
    );
    expect(Math.min(...lengths)).toBe(1);
    expect(Math.max(...lengths)).toBe(128);
    expect(lengths).toContain(36);
    expect(uuids.length / ids.length).toBeCloseTo(0.4, 1);
  });
});

function customersOf(rows: ReturnType<typeof firstDays>): Customer[] {
  const bills = byUser(rows.billingEvents);
  const changes = byUser(rows.planChanges);
  const logins = byUser(rows.userEvents);
  const byTime = (left: { eventTime: bigint }, right: { eventTime: bigint }) =>
    left.eventTime < right.eventTime ? -1 : 1;
  return rows.users.map((user) => ({
    user,
    bills: (bills.get(user.userId) ?? []).sort(byTime),
    changes: changes.get(user.userId) ?? [],
    logins: (logins.get(user.userId) ?? [])
      .filter(({ eventType }) => eventType === 'login')
      .sort(byTime)
      .map(({ eventTime }) => eventTime),
  }));
}

function byUser<Row extends { userId: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const users = new Map<string, Row[]>();
  for (const row of rows) {
    const own = users.get(row.userId);
    if (own) own.push(row);
    else users.set(row.userId, [row]);
  }
  return users;
}

function billsOf({ bills }: Customer, type: BillingEventRow['eventType']): BillingEventRow[] {
  return bills.filter(({ eventType }) => eventType === type);
}

function isChargedWithin({ user, bills }: Customer, days: number): boolean {
  const until = user.signupTime + BigInt(days) * MICROS_PER_DAY;
  return bills.some((row) => row.eventType.startsWith('charge_') && row.eventTime < until);
}

function isCancelledWithin(customer: Customer, days: number): boolean {
  const until = customer.user.signupTime + BigInt(days) * MICROS_PER_DAY;
  return billsOf(customer, 'subscription_cancelled').some(({ eventTime }) => eventTime < until);
}

function hasFinalInvoice({ at, customer }: Departure): boolean {
  return billsOf(customer, 'charge_succeeded').some(
    ({ eventTime }) => eventTime > at && eventTime < at + 3n * MICROS_PER_DAY,
  );
}

function isUsedOn({ at, customer }: Departure): boolean {
  return customer.logins.some((time) => time > at && time < at + 21n * MICROS_PER_DAY);
}

/** The first event that makes a subscriber of somebody who had cancelled. */
function comesBackBy({ at, customer }: Departure): string | undefined {
  const charged = billsOf(customer, 'charge_succeeded').filter(
    ({ eventTime }) => eventTime > at + 3n * MICROS_PER_DAY,
  );
  const ways: [string, readonly { eventTime: bigint }[]][] = [
    ['subscription_started', billsOf(customer, 'subscription_started')],
    ['plan_change', customer.changes],
    ['charge', charged],
  ];
  const after = ways.flatMap(([way, rows]) =>
    rows.filter(({ eventTime }) => eventTime > at).map(({ eventTime }) => ({ way, eventTime })),
  );
  return after.sort((left, right) => (left.eventTime < right.eventTime ? -1 : 1))[0]?.way;
}
