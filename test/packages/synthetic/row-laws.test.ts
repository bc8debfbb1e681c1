import { MICROS_PER_DAY } from '../../../packages/instants/epoch-micros';
import { LATEST_ARRIVAL } from '../../../packages/synthetic/business-rules';
import { dayAfterStart, firstDays } from './collected-rows';

describe.each([1, 2])('the rows of a synthetic world of version %i', (version) => {
  const world = { version, seed: 3, users: 300, start: '2024-02-01' };
  const rows = firstDays(world, 420);
  const users = new Map(rows.users.map((user) => [user.userId, user]));
  const others = [...rows.planChanges, ...rows.userEvents, ...rows.billingEvents];

  it('have ids that are unique within their table, of at most 24 or 128 bytes', () => {
    const ids = [
      rows.users.map((row) => row.userId),
      rows.planChanges.map((row) => row.changeId),
      rows.userEvents.map((row) => row.eventId),
      rows.billingEvents.map((row) => row.eventId),
    ];
    for (const table of ids) {
      expect(new Set(table).size).toBe(table.length);
      const longest = Math.max(...table.map((id) => Buffer.byteLength(id)));
      expect(longest).toBeLessThanOrEqual(version === 1 ? 24 : 128);
    }
  });

  it('belong to a user who signed up before and whose own row arrived no later', () => {
    const bad = others.filter((row) => {
      const user = users.get(row.userId);
      return !user || row.eventTime < user.signupTime || row.ingestedAt < user.ingestedAt;
    });
    expect(bad).toEqual([]);
  });

  it('arrive after they happened, within 21 days', () => {
    const bad = others.filter((row) => {
      const delay = row.ingestedAt - row.eventTime;
      return delay < 0n || delay > BigInt(LATEST_ARRIVAL);
    });
    expect(bad).toEqual([]);
    expect(BigInt(LATEST_ARRIVAL)).toBe(21n * MICROS_PER_DAY);
  });

  it('have microseconds, not milliseconds', () => {
    const odd = rows.userEvents.filter((row) => row.eventTime % 1000n !== 0n);
    expect(odd.length / rows.userEvents.length).toBeGreaterThan(0.99);
  });

  it('come by user in the order of signups', () => {
    const places = new Map(rows.users.map((user, place) => [user.userId, place]));
    for (const table of Object.values(rows) as { userId: string }[][]) {
      const order = table.map((row) => places.get(row.userId)!);
      expect(order).toEqual([...order].sort((left, right) => left - right));
    }
    const signups = rows.users.map((row) => row.signupTime);
    expect(signups).toEqual([...signups].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('have sessions that belong to one user and start with a login, which comes only there', () => {
    const sessions = groupBySession(rows.userEvents);
    const complete = [...sessions.values()].filter(
      (events) => events[0]!.eventTime < dayAfterStart(world.start, 390),
    );
    const bad = complete.filter((events) => {
      const ordered = [...events].sort((a, b) => (a.eventTime < b.eventTime ? -1 : 1));
      const isOneUser = events.every((event) => event.userId === events[0]!.userId);
      const isLoginFirst = ordered.every(
        (one, place) => (one.eventType === 'login') === (place === 0),
      );
      return !isOneUser || !isLoginFirst;
    });
    expect(bad).toEqual([]);
    expect(complete.length).toBeGreaterThan(10_000);
  });

  it('have charges above a dollar, and starts and cancellations of nothing', () => {
    const bad = rows.billingEvents.filter(({ eventType, amountCents }) => {
      const isRight = eventType.startsWith('subscription_')
        ? amountCents === 0
        : amountCents >= 100;
      return !isRight || !Number.isSafeInteger(amountCents);
    });
    expect(bad).toEqual([]);
  });

  it('have plan changes that change the plan', () => {
    const plans = new Map(rows.users.map((user) => [user.userId, user.plan]));
    for (const change of rows.planChanges) {
      expect(change.plan).not.toBe(plans.get(change.userId));
      plans.set(change.userId, change.plan);
    }
  });
});

function groupBySession<Row extends { sessionId: string }>(rows: Row[]): Map<string, Row[]> {
  const sessions = new Map<string, Row[]>();
  for (const row of rows) {
    const events = sessions.get(row.sessionId) ?? [];
    events.push(row);
    sessions.set(row.sessionId, events);
  }
  return sessions;
}
