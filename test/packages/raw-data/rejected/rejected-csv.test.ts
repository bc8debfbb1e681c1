import { rejectedCsv } from '../../../../packages/raw-data/rejected/rejected-csv';

type Row = Record<string, string>;

const bill = { event_id: 'b1', user_id: 'u1', event_type: 'refund', event_time: '2025-01-02' };

it('has the columns that the import needs, and the others where a row has them', () => {
  const rows: Row[] = [
    { user_id: 'u1', signup_time: 'soon' },
    { user_id: 'u2', country: 'NL' },
  ];
  expect(rejectedCsv('users', rows.slice(0, 1), 'USD')).toBe('user_id,signup_time,plan\nu1,soon,');
  expect(rejectedCsv('users', rows, 'USD')).toBe(
    'user_id,signup_time,plan,country\nu1,soon,,\nu2,,,NL',
  );
});

it('has the attributes that a row brought', () => {
  const rows: Row[] = [
    { user_id: 'u1', signup_time: 'soon', 'a_team size': '5', a_country: 'NL' },
    { user_id: 'u2', ingested_at: '2025-01-02', 'a_a,b': 'x' },
  ];
  expect(rejectedCsv('users', rows, 'USD')).toBe(
    [
      'user_id,signup_time,plan,"a_a,b",a_country,a_team size,ingested_at',
      'u1,soon,,,NL,5,soon',
      'u2,,,x,,,2025-01-02',
    ].join('\n'),
  );
});

it('quotes what a reader would take apart or trim', () => {
  const rows: Row[] = [{ user_id: 'a,b', signup_time: 'x\ny', plan: 'say "hi"', country: ' NL' }];
  expect(rejectedCsv('users', rows, 'USD').split('\n').slice(1).join('\n')).toBe(
    '"a,b","x\ny","say ""hi"""," NL"',
  );
});

it('leaves out arrivals that were assumed, and gives all rows one where some have', () => {
  const rows: Row[] = [
    {
      change_id: 'c1',
      user_id: 'u1',
      plan: 'pro',
      event_time: '2025-01-02',
      ingested_at: '2025-01-02',
    },
    { change_id: 'c2', user_id: 'u1', plan: 'pro', event_time: '2025-01-03' },
  ];
  const header = 'change_id,user_id,plan,event_time';
  expect(rejectedCsv('plan_changes', rows, 'USD')).toBe(
    `${header}\nc1,u1,pro,2025-01-02\nc2,u1,pro,2025-01-03`,
  );
  const carried: Row = { ...rows[1]!, change_id: 'c3', ingested_at: '2025-02-01' };
  expect(rejectedCsv('plan_changes', [...rows, carried], 'USD')).toBe(
    [
      `${header},ingested_at`,
      'c1,u1,pro,2025-01-02,2025-01-02',
      'c2,u1,pro,2025-01-03,2025-01-03',
      'c3,u1,pro,2025-01-03,2025-02-01',
    ].join('\n'),
  );
});

it.each([
  ['150', 'USD', '1.50'],
  ['5', 'USD', '0.05'],
  ['-1505', 'USD', '-15.05'],
  ['1.5', 'USD', '0.015'],
  ['.5', 'USD', '0.005'],
  ['150', 'JPY', '150'],
  ['1500', 'KWD', '1.500'],
  ['ten', 'USD', 'ten'],
  ['', 'USD', ''],
])('writes %s minor units of %s as units where others have amounts', (cents, currency, amount) => {
  const rows: Row[] = [
    { ...bill, amount: '1.005' },
    { ...bill, amount_cents: cents },
  ];
  expect(rejectedCsv('billing_events', rows, currency).split('\n')).toEqual([
    'event_id,user_id,event_type,amount,event_time',
    'b1,u1,refund,1.005,2025-01-02',
    `b1,u1,refund,${amount},2025-01-02`,
  ]);
});

it('knows the minor units of the currency that a row names', () => {
  const rows = [
    { ...bill, amount: '1.005' },
    { ...bill, amount_cents: '1500', currency: 'kwd' },
  ];
  expect(rejectedCsv('billing_events', rows, 'USD')).toContain('refund,1.500,kwd,');
});

it('keeps minor units where no row has an amount', () => {
  expect(rejectedCsv('billing_events', [{ ...bill, amount_cents: '1.5' }], 'USD')).toContain(
    'amount_cents,event_time\nb1,u1,refund,1.5,',
  );
});
