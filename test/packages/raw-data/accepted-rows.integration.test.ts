import { parseInstant } from '../../../packages/instants/epoch-micros';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  ONE_USER,
  USER_EVENTS,
  USERS,
  type Files,
  type RawDataFixture,
} from './raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

describe('a good row', () => {
  const accepted: [what: string, table: keyof Files, header: string, row: string][] = [
    ['an id of 128 characters', 'users', USERS, `${'é'.repeat(128)},2025-01-01,free`],
    ['an id with a comma, a quote and a space', 'users', USERS, '"a, ""b"" c",2025-01-01,free'],
    ['an id in another script', 'users', USERS, '用户-7,2025-01-01,free'],
    [
      'an event exactly at signup',
      'user_events',
      USER_EVENTS,
      'e1,u1,s1,login,2025-01-01T00:00:00Z',
    ],
    ['an event 5 minutes ahead', 'user_events', USER_EVENTS, 'e1,u1,s1,login,2026-01-01T00:05:00Z'],
    [
      'an event 5 minutes after its arrival',
      'user_events',
      `${USER_EVENTS},ingested_at`,
      'e1,u1,s1,login,2025-02-01T00:05:00Z,2025-02-01T00:00:00Z',
    ],
    [
      'a row that arrives before its user',
      'user_events',
      `${USER_EVENTS},ingested_at`,
      'e1,u1,s1,login,2025-01-01,2025-01-01',
    ],
    [
      'a cancellation without an amount',
      'billing_events',
      BILLING_EVENTS,
      'b1,u1,subscription_cancelled,,2025-02-01',
    ],
    [
      'a start of a subscription without an amount',
      'billing_events',
      BILLING_EVENTS,
      'b1,u1,subscription_started,,2025-02-01',
    ],
    [
      'the currency in small letters',
      'billing_events',
      `${BILLING_EVENTS},currency`,
      'b1,u1,refund,1,2025-02-01,usd',
    ],
  ];
  it.each(accepted)('is loaded: %s', async (_what, table, header, row) => {
    const report = await fixture.load({ users: ONE_USER, [table]: csv(header, row) });
    expect(report.loaded[table]).toBe(1);
    expect(report.rejected[table]).toEqual({});
  });

  describe('of an amount', () => {
    const amounts: [text: string, cents: number][] = [
      ['29.33', 2933],
      ['0', 0],
      ['-0', 0],
      ['5.', 500],
      ['.5', 50],
      ['+1.10', 110],
      ['0.010000', 1],
      ['007', 700],
      [' 3 ', 300],
      [`${'0'.repeat(40)}7.${'0'.repeat(40)}`, 700],
      ['1000000000.00', 100_000_000_000],
    ];
    let rows: { amount_cents: number; currency: string }[];
    beforeAll(async () => {
      await fixture.reset();
      const lines = amounts.map(([text], index) => `b${index + 10},u1,refund,${text},2025-02-01`);
      await fixture.load({ users: ONE_USER, billing_events: csv(BILLING_EVENTS, ...lines) });
      rows = await fixture.database.sql`
        SELECT amount_cents, currency FROM raw_data.billing_events ORDER BY event_id`;
    });

    it.each(amounts.map(([text, cents], index) => [text, cents, index] as const))(
      'has the amount %j as exactly %d cents',
      (_text, cents, index) => {
        expect(rows[index]).toEqual({ amount_cents: cents, currency: 'USD' });
      },
    );
  });

  it('may have a billion units in cents', async () => {
    await fixture.load({
      users: ONE_USER,
      billing_events: csv(
        BILLING_EVENTS.replace('amount', 'amount_cents'),
        'b1,u1,refund,100000000000,2025-02-01',
      ),
    });
    const [row] = await fixture.database.sql`SELECT amount_cents FROM raw_data.billing_events`;
    expect(row).toEqual({ amount_cents: 100_000_000_000 });
  });

  describe('of a time', () => {
    const times = [
      '2025-02-01',
      '2025-02-01T03:04',
      '2025-02-01 03:04:05',
      '2025-02-01T03:04:05.6Z',
      '2025-02-01T03:04:05.123457Z',
      '2025-02-01t03:04:05.123456000z',
      '2025-02-01T03:04:05.1234567Z',
      '2025-02-01 03:04:05 UTC',
      '2025-02-01 03:04:05.000 -0800',
      '2025-02-01T03:04Z',
      '2025-02-01T03:04:05.000001+02',
      '2025-02-01T03:04:05-0530',
      '2025-02-01 03:04+05:45',
      ' 2025-02-01 ',
    ];
    let rows: { micros: string }[];
    beforeAll(async () => {
      await fixture.reset();
      const lines = times.map((text, index) => `e${index + 10},u1,s1,login,${text}`);
      await fixture.load({ users: ONE_USER, user_events: csv(USER_EVENTS, ...lines) });
      rows = await fixture.database.sql`
        SELECT (extract(epoch FROM event_time) * 1000000)::bigint::text AS micros
        FROM raw_data.user_events ORDER BY event_id`;
    });

    it.each(times.map((text, index) => [text, index] as const))(
      'has the moment that packages/instants reads from %j',
      (text, index) => {
        expect(rows[index]?.micros).toBe(String(parseInstant(text)));
      },
    );
  });
});
