import { createCleaningFixture, type CleaningFixture } from './cleaning-fixture';

let fixture: CleaningFixture;
beforeAll(async () => {
  fixture = await createCleaningFixture();
});
afterAll(() => fixture.remove());

type Written = [amount: string, type?: string];

/** The cents of each amount, or the reason that its row is rejected for. */
async function read(
  column: 'amount' | 'amount_cents',
  amounts: readonly Written[],
  currency = 'USD',
): Promise<(bigint | string | null)[]> {
  const lines = amounts.map(
    ([amount, type = 'charge_succeeded'], row) => `b${row},u1,${type},${amount},2024-01-20`,
  );
  const header = `event_id,user_id,event_type,${column},event_time`;
  const rows = await fixture.cleanLines('billing_events', [header, ...lines], { currency });
  return rows.map(({ reason, amount_cents }) => reason ?? amount_cents!);
}

describe('an amount', () => {
  it.each<[currency: string, amount: string, result: bigint | string]>([
    ['USD', '29.33', 2933n],
    ['USD', '29.330', 2933n],
    ['USD', '29.333', 'sub_cent_amount'],
    ['USD', '1000000000', 100_000_000_000n],
    ['USD', '1000000000.01', 'invalid_value'],
    ['USD', '.5', 50n],
    ['USD', '7.', 700n],
    ['USD', '9'.repeat(60), 'invalid_value'],
    ['USD', `${'0'.repeat(60)}1.${'0'.repeat(60)}`, 100n],
    ['JPY', '500', 500n],
    ['JPY', '500.0', 500n],
    ['JPY', '500.5', 'sub_cent_amount'],
    ['JPY', '.5', 'sub_cent_amount'],
    ['JPY', '100000000000', 100_000_000_000n],
    ['JPY', '100000000001', 'invalid_value'],
    ['KWD', '1.234', 1_234n],
    ['KWD', '1.230', 1_230n],
    ['KWD', '1.2', 1_200n],
    ['KWD', '1.2345', 'sub_cent_amount'],
    ['CLF', '0.0001', 1n],
    ['CLF', '0.00001', 'sub_cent_amount'],
  ])('of %s %s is %s in minor units', async (currency, amount, result) => {
    expect(await read('amount', [[amount]], currency)).toEqual([result]);
  });

  it.each(['USD', 'JPY', 'KWD', 'CLF'])(
    'in minor units is what it says, whatever decimals %s has',
    async (currency) => {
      const amounts: Written[] = [['500'], ['500.0'], ['500.5'], ['100000000001'], ['.5']];
      expect(await read('amount_cents', amounts, currency)).toEqual([
        500n,
        500n,
        'sub_cent_amount',
        'invalid_value',
        'sub_cent_amount',
      ]);
    },
  );

  it('of a refund may have the sign of what the business lost', async () => {
    const amounts: Written[] = [
      ['-29.33', 'refund'],
      ['29.33', 'refund'],
      ['-0', 'refund'],
      ['0', 'refund'],
      ['-0.001', 'refund'],
      ['-1000000000.01', 'refund'],
      ['--1', 'refund'],
    ];
    expect(await read('amount', amounts)).toEqual([
      2933n,
      2933n,
      0n,
      0n,
      'sub_cent_amount',
      'invalid_value',
      'invalid_value',
    ]);
  });

  it('of anything else is not negative', async () => {
    const types = ['charge_succeeded', 'charge_failed', 'dispute', 'subscription_cancelled'];
    const amounts = types.flatMap((type): Written[] => [
      ['-1', type],
      ['-0.00', type],
      ['1', type],
    ]);
    expect(await read('amount', amounts)).toEqual(
      types.flatMap(() => ['negative_amount', 0n, 100n]),
    );
  });

  it('may be missing only where no money moves', async () => {
    const types = ['subscription_started', 'subscription_cancelled', 'dispute', 'refund'];
    const found = await read(
      'amount',
      types.map((type): Written => ['', type]),
    );
    expect(found).toEqual([0n, 0n, 'invalid_value', 'invalid_value']);
  });
});

describe('a currency', () => {
  it('that is not the installation’s is rejected as such, whatever decimals the amount has', async () => {
    const rows = await fixture.cleanLines(
      'billing_events',
      [
        'event_id,user_id,event_type,amount,currency,event_time',
        ...['1.234,KWD', '1.2345,KWD', '1,JPY', '1.5,JPY', '1.2345,XYZ', '1,usd', '1,'].map(
          (written, row) => `b${row},u1,refund,${written},2024-01-20`,
        ),
      ],
      { currency: 'USD' },
    );
    expect(rows.map(({ reason }) => reason)).toEqual([
      'other_currency',
      'sub_cent_amount',
      'other_currency',
      'sub_cent_amount',
      'other_currency',
      null,
      null,
    ]);
    expect(rows.slice(-2).map((row) => row.currency)).toEqual(['USD', 'USD']);
  });
});

describe('amounts in Parquet', () => {
  it.each([
    ['DOUBLE', '1234567.89', 123_456_789n],
    ['DECIMAL(38, 9)', '1234567.89', 123_456_789n],
    ['DECIMAL(18, 3)', '0.005', 'sub_cent_amount'],
    ['UBIGINT', '12', 1_200n],
    ['VARCHAR', "' 12.5 '", 1_250n],
  ])('may be %s', async (type, amount, result) => {
    const sql = `SELECT 'b' AS event_id, 'u' AS user_id, 'refund' AS event_type,
      CAST(${amount} AS ${type}) AS amount, DATE '2024-01-20' AS event_time`;
    const folder = await fixture.write({
      'users.csv': ['user_id,signup_time,plan'],
      'billing_events.parquet': { sql },
    });
    const [row] = await fixture.clean(folder, 'billing_events');
    expect(row!.reason ?? row!.amount_cents).toEqual(result);
  });
});
