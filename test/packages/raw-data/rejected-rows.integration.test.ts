import { rejectionReasons } from '../../../packages/raw-data/rejected/rejection-reasons';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  ONE_USER,
  PLAN_CHANGES,
  rejectedRows,
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

type RejectionCase = [
  reason: string,
  what: string,
  table: keyof Files,
  header: string,
  row: string,
];

/** A file with one row besides a good one; the row's first fault decides. */
const rejectionCases: RejectionCase[] = [
  ['invalid_id', 'an empty user id', 'users', USERS, ',2025-01-01,free'],
  ['invalid_id', 'a quoted empty user id', 'users', USERS, '"",2025-01-01,free'],
  ['invalid_id', 'a blank user id', 'users', USERS, '   ,2025-01-01,free'],
  [
    'invalid_id',
    'a user id of 129 characters',
    'users',
    USERS,
    `${'x'.repeat(129)},2025-01-01,free`,
  ],
  ['invalid_id', 'a newline in an id', 'users', USERS, '"a\nb",2025-01-01,free'],
  ['invalid_id', 'a control character in an id', 'users', USERS, 'a\u0007b,2025-01-01,free'],
  ['invalid_id', 'a no-break space in an id', 'users', USERS, 'a\u00a0b,2025-01-01,free'],
  ['invalid_id', 'an empty session id', 'user_events', USER_EVENTS, 'e1,u1,,login,2025-02-01'],
  ['invalid_id', 'an empty event id', 'user_events', USER_EVENTS, ',u1,s1,login,2025-02-01'],
  ['invalid_id', 'an empty user reference', 'plan_changes', PLAN_CHANGES, 'c1,,pro,2025-02-01'],
  ['invalid_value', 'an empty plan', 'users', USERS, 'u2,2025-01-01,'],
  [
    'invalid_value',
    'a newline in a plan',
    'plan_changes',
    PLAN_CHANGES,
    'c1,u1,"p\nro",2025-02-01',
  ],
  ['invalid_value', 'an empty event type', 'user_events', USER_EVENTS, 'e1,u1,s1,,2025-02-01'],
  [
    'invalid_value',
    'an empty amount',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,charge_succeeded,,2025-02-01',
  ],
  [
    'invalid_value',
    'an amount in words',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,ten,2025-02-01',
  ],
  [
    'invalid_value',
    'an amount with an exponent',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,1e3,2025-02-01',
  ],
  [
    'invalid_value',
    'an amount with a thousands separator',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,"1,000",2025-02-01',
  ],
  [
    'invalid_value',
    'an amount of a lone point',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,.,2025-02-01',
  ],
  ['invalid_value', 'NaN', 'billing_events', BILLING_EVENTS, 'b1,u1,refund,NaN,2025-02-01'],
  ...[
    '1000000000.01',
    '-1000000000.01',
    '12345678901234',
    '123456789012345',
    '1234567890123456.78',
    '9'.repeat(60),
  ].map((amount): RejectionCase => [
    'invalid_value',
    `the amount ${amount}`,
    'billing_events',
    BILLING_EVENTS,
    `b1,u1,refund,${amount},2025-02-01`,
  ]),
  ...['100000000001', '-100000000001', '1234567890123456', '9'.repeat(60)].map(
    (cents): RejectionCase => [
      'invalid_value',
      `the amount of ${cents} cents`,
      'billing_events',
      BILLING_EVENTS.replace('amount', 'amount_cents'),
      `b1,u1,refund,${cents},2025-02-01`,
    ],
  ),
  ['invalid_time', 'an empty time', 'user_events', USER_EVENTS, 'e1,u1,s1,login,'],
  ['invalid_time', 'a day that does not exist', 'users', USERS, 'u2,2025-02-29,free'],
  ['invalid_time', 'an hour 24', 'users', USERS, 'u2,2025-01-01T24:00:00Z,free'],
  ['invalid_time', 'a second 60', 'users', USERS, 'u2,2025-01-01T00:00:60Z,free'],
  ['invalid_time', 'epoch seconds', 'users', USERS, 'u2,1735689600,free'],
  ['invalid_time', 'an offset of 99 hours', 'users', USERS, 'u2,2025-01-01T12:00:00+99:99,free'],
  ['invalid_time', 'an offset of 24 hours', 'users', USERS, 'u2,2025-01-01T12:00:00+24:00,free'],
  ['invalid_value', 'a plan called NULL', 'users', USERS, 'u2,2025-01-01,NULL'],
  ['invalid_time', 'infinity', 'users', USERS, 'u2,infinity,free'],
  ['invalid_time', 'the year 0', 'users', USERS, 'u2,0000-01-01,free'],
  [
    'invalid_time',
    'an arrival that is no time',
    'users',
    `${USERS},ingested_at`,
    'u2,2025-01-01,free,soon',
  ],
  ['invalid_time', 'an empty arrival', 'users', `${USERS},ingested_at`, 'u2,2025-01-01,free,'],
  [
    'unknown_billing_type',
    'a billing type of its own',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,charged,1,2025-02-01',
  ],
  [
    'negative_amount',
    'a negative amount',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,charge_succeeded,-1,2025-02-01',
  ],
  [
    'negative_amount',
    'a negative part of a cent',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,charge_failed,-0.001,2025-02-01',
  ],
  [
    'sub_cent_amount',
    'half a cent',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,0.005,2025-02-01',
  ],
  [
    'sub_cent_amount',
    'a fraction in amount_cents',
    'billing_events',
    BILLING_EVENTS.replace('amount', 'amount_cents'),
    'b1,u1,refund,1.5,2025-02-01',
  ],
  [
    'other_currency',
    'another currency',
    'billing_events',
    `${BILLING_EVENTS},currency`,
    'b1,u1,refund,1,2025-02-01,EUR',
  ],
  [
    'in_the_future',
    'an event 5 minutes and 1 µs ahead',
    'user_events',
    USER_EVENTS,
    'e1,u1,s1,login,2026-01-01T00:05:00.000001Z',
  ],
  [
    'in_the_future',
    'an arrival ahead',
    'users',
    `${USERS},ingested_at`,
    'u2,2025-01-01,free,2026-01-01T00:05:00.000001Z',
  ],
  [
    'in_the_future',
    'a signup in the year 9999',
    'users',
    USERS,
    'u2,9999-12-31T23:59:59.999999Z,free',
  ],
  [
    'after_arrival',
    'an event 5 minutes and 1 µs after its arrival',
    'user_events',
    `${USER_EVENTS},ingested_at`,
    'e1,u1,s1,login,2025-02-01T00:05:00.000001Z,2025-02-01T00:00:00Z',
  ],
  [
    'after_arrival',
    'a signup after its arrival',
    'users',
    `${USERS},ingested_at`,
    'u2,2025-02-01,free,2025-01-01',
  ],
  ['unknown_user', 'an unknown user', 'user_events', USER_EVENTS, 'e1,u9,s1,login,2025-02-01'],
  [
    'unknown_user',
    'a user whose id differs in case',
    'plan_changes',
    PLAN_CHANGES,
    'c1,U1,pro,2025-02-01',
  ],
  [
    'before_signup',
    'an event 1 µs before signup',
    'user_events',
    USER_EVENTS,
    'e1,u1,s1,login,2024-12-31T23:59:59.999999Z',
  ],
  [
    'before_signup',
    'a payment before signup',
    'billing_events',
    BILLING_EVENTS,
    'b1,u1,refund,1,2024-12-31',
  ],
];

describe('a bad row', () => {
  /** The case at each place of a file, by table and header: one import tries all of them. */
  const files = new Map<string, number[]>();
  for (const [index, [, , table, header]] of rejectionCases.entries()) {
    const file = `${table} ${header}`;
    files.set(file, [...(files.get(file) ?? []), index]);
  }
  const loaded: number[] = [];
  const reasonOf = new Map<number, string>();
  beforeAll(async () => {
    for (const indexes of files.values()) {
      await fixture.reset();
      const [, , table, header] = rejectionCases[indexes[0]!]!;
      const rows = indexes.map((index) => rejectionCases[index]![4]);
      // Without a row that is accepted there is no load.
      if (table === 'users')
        rows.push(`good,2025-01-01,free${',2025-01-02'.repeat(header.split(',').length - 3)}`);
      const report = await fixture.load({ users: ONE_USER, [table]: csv(header, ...rows) });
      loaded.push(report.loaded[table] - (table === 'users' ? 1 : 0));
      for (const text of await rejectedRows(fixture.database)) {
        const [, row, reason] = /:(\d+) (\w+)$/.exec(text)!;
        reasonOf.set(indexes[Number(row) - 1]!, reason!);
      }
    }
  });

  it('is not loaded, whatever its fault', () => {
    expect(loaded).toEqual([...files].map(() => 0));
    expect(reasonOf.size).toBe(rejectionCases.length);
  });

  it.each(rejectionCases.map(([reason, what], index) => [reason, what, index] as const))(
    'is rejected as %s: %s',
    (reason, _what, index) => {
      expect(reasonOf.get(index)).toBe(reason);
    },
  );

  it('is rejected with the first fault in the order of the reasons', async () => {
    const rows = [
      ',u9,s1,,,',
      'e1,u9,s1,,,',
      'e2,u9,s1,login,,',
      'e3,u9,s1,login,2027-01-01,2025-01-01',
      'e4,u9,s1,login,2025-03-01,2025-01-01',
      'e5,u9,s1,login,2024-01-01,2025-01-01',
      'e6,u1,s1,login,2024-01-01,2025-01-01',
    ];
    const money = [
      'b1,u1,what,-0.001,EUR,2027-01-01',
      'b2,u1,dispute,-0.001,EUR,2027-01-01',
      'b3,u1,refund,0.001,EUR,2027-01-01',
      'b4,u1,refund,1,EUR,2027-01-01',
      'b5,u1,refund,1,USD,2027-01-01',
    ].map((row) => `${row},many`);
    await fixture.load({
      users: ONE_USER,
      user_events: csv(`${USER_EVENTS},ingested_at`, ...rows),
      billing_events: csv(
        'event_id,user_id,event_type,amount,currency,event_time,p_count',
        ...money,
      ),
      properties: csv('table,column,type', 'billing_events,p_count,decimal'),
    });
    const reasons = (await rejectedRows(fixture.database)).map((text) => text.split(' ')[1]);
    const found = [...reasons.slice(5, 8), ...reasons.slice(0, 5), ...reasons.slice(8)];
    expect(found).toEqual(rejectionReasons.filter((reason) => reason !== 'conflicting_duplicate'));
  });

  it('leaves the good rows of its file alone', async () => {
    const report = await fixture.load({
      users: csv(USERS, 'u1,2025-01-01,free', ',2025-01-01,free', 'u2,2025-01-02,pro'),
    });
    expect(report).toMatchObject({
      batch: 1,
      loaded: { users: 2 },
      rejected: { users: { invalid_id: 1 } },
    });
    expect(await rejectedRows(fixture.database)).toEqual(['users.csv:2 invalid_id']);
  });

  it('makes rows that refer to it unknown_user', async () => {
    const report = await fixture.load({
      users: csv(USERS, 'u1,2025-02-30,free', 'u2,2025-02-28,free'),
      user_events: csv(USER_EVENTS, 'e1,u1,s1,login,2025-03-01'),
    });
    expect(report.rejected).toMatchObject({
      users: { invalid_time: 1 },
      user_events: { unknown_user: 1 },
    });
  });
});
