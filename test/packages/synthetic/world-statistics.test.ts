import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../../packages/instants/epoch-micros';
import type { UserEventRow } from '../../../packages/synthetic/synthetic-world';
import { dayAfterStart, firstDays } from './collected-rows';

describe.each([1, 2])('a year of a synthetic world of version %i', (version) => {
  const world = { version, seed: 42, users: 1_000, start: '2025-01-01' };
  const rows = firstDays(world, 365);
  const sessions = new Map<string, UserEventRow[]>();
  for (const event of rows.userEvents) {
    const events = sessions.get(event.sessionId) ?? [];
    events.push(event);
    sessions.set(event.sessionId, events);
  }
  const share = (count: number, of: number) => count / of;

  it('has as many signups as users, half of them in the first 30 days', () => {
    const early = rows.users.filter((row) => row.signupTime < dayAfterStart(world.start, 30));
    expect(rows.users).toHaveLength(1_000);
    expect(early).toHaveLength(500);
  });

  it('has 150 to 250 user events per user of it', () => {
    const perUser = share(rows.userEvents.length, rows.users.length);
    expect(perUser).toBeGreaterThan(150);
    expect(perUser).toBeLessThan(250);
  });

  it('has three to six events in an uninterrupted session', () => {
    const perSession = share(rows.userEvents.length, sessions.size);
    expect(perSession).toBeGreaterThan(3);
    expect(perSession).toBeLessThan(6);
  });

  it('has 2 to 4 % of its sessions hours late and about 1 % days late', () => {
    const delays = [...sessions.values()].map(
      (events) => events[0]!.ingestedAt - events[0]!.eventTime,
    );
    const hours = delays.filter((delay) => delay > MICROS_PER_HOUR / 2n && delay < MICROS_PER_DAY);
    const days = delays.filter((delay) => delay >= MICROS_PER_DAY);
    expect(share(hours.length, delays.length)).toBeGreaterThan(0.02);
    expect(share(hours.length, delays.length)).toBeLessThan(0.04);
    expect(share(days.length, delays.length)).toBeGreaterThan(0.006);
    expect(share(days.length, delays.length)).toBeLessThan(0.014);
  });

  it('has prompt sessions arrive mostly within a minute', () => {
    const prompt = rows.userEvents.filter(
      (row) => row.ingestedAt - row.eventTime < MICROS_PER_DAY / 2880n,
    );
    expect(share(prompt.length, rows.userEvents.length)).toBeGreaterThan(0.5);
  });

  it('has sessions that cross midnight, and some that come back hours later or the next day', () => {
    const spans = [...sessions.values()].map((events) => {
      const times = events.map((event) => event.eventTime).sort((a, b) => (a < b ? -1 : 1));
      return { first: times[0]!, last: times.at(-1)! };
    });
    const crossing = spans.filter(
      ({ first, last }) => first / MICROS_PER_DAY !== last / MICROS_PER_DAY,
    );
    const returning = spans.filter(({ first, last }) => last - first >= 2n * MICROS_PER_HOUR);
    expect(share(crossing.length, spans.length)).toBeGreaterThan(0.01);
    expect(share(returning.length, spans.length)).toBeGreaterThan(0.03);
    expect(share(returning.length, spans.length)).toBeLessThan(0.07);
  });

  it('has more sessions in the evening than in the night', () => {
    const logins = rows.userEvents.filter((row) => row.eventType === 'login');
    const hourOf = (row: UserEventRow) =>
      Number((row.eventTime % MICROS_PER_DAY) / MICROS_PER_HOUR);
    const evening = logins.filter((row) => hourOf(row) >= 17 && hourOf(row) < 21).length;
    const night = logins.filter((row) => hourOf(row) >= 5 && hourOf(row) < 9).length;
    expect(evening).toBeGreaterThan(2 * night);
  });

  it('has no busier weekdays in version 1, and in version 2 a third fewer sessions at the weekend', () => {
    const logins = rows.userEvents.filter((row) => row.eventType === 'login');
    const byWeekday = new Array<number>(7).fill(0);
    // The epoch was a Thursday: its third and fourth days were a weekend.
    for (const { eventTime } of logins) byWeekday[Number((eventTime / MICROS_PER_DAY) % 7n)]! += 1;
    const [thursday, friday, saturday, sunday, ...others] = byWeekday.map((count) =>
      share(count, logins.length / 7),
    );
    const workdays = [thursday!, friday!, ...others];
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const atWeekend = mean([saturday!, sunday!]) / mean(workdays);
    expect(atWeekend).toBeGreaterThan(version === 1 ? 0.95 : 0.6);
    expect(atWeekend).toBeLessThan(version === 1 ? 1.05 : 0.8);
  });

  it('has every kind of billing event, failures under a fifth of the charges, few refunds', () => {
    const countOf = (type: string) =>
      rows.billingEvents.filter((row) => row.eventType === type).length;
    const succeeded = countOf('charge_succeeded');
    expect(share(countOf('charge_failed'), succeeded)).toBeGreaterThan(0.05);
    expect(share(countOf('charge_failed'), succeeded)).toBeLessThan(0.25);
    expect(share(countOf('refund'), succeeded)).toBeGreaterThan(0.003);
    expect(share(countOf('refund'), succeeded)).toBeLessThan(0.03);
    expect(countOf('subscription_cancelled')).toBeGreaterThan(100);
  });

  it('has most of those who cancelled silent ever after, but not all', () => {
    const cancelled = rows.billingEvents.filter(
      (row) => row.eventType === 'subscription_cancelled',
    );
    // In version 2 three in ten stay until the period ends, and one in five comes back.
    const most = version === 1 ? 0.15 : 0.5;
    const lastLogin = new Map<string, bigint>();
    for (const { userId, eventType, eventTime } of rows.userEvents) {
      if (eventType === 'login' && eventTime > (lastLogin.get(userId) ?? 0n)) {
        lastLogin.set(userId, eventTime);
      }
    }
    const seen = cancelled.filter((row) => (lastLogin.get(row.userId) ?? 0n) > row.eventTime);
    expect(share(seen.length, cancelled.length)).toBeGreaterThan(0);
    expect(share(seen.length, cancelled.length)).toBeLessThan(most);
  });
});
