import fc from 'fast-check';
import { minorUnitDigits } from '../../../../packages/currencies/iso-4217';
import { dayNumber } from '../../../../packages/instants/logical-date';
import { conversionRates } from '../../../../packages/raw-data/values/conversion-sql';
import { parseRates, type WrittenRate } from '../../../../packages/raw-data/values/exchange-rates';
import { createCleaningFixture, type CleaningFixture } from './cleaning-fixture';

let fixture: CleaningFixture;
beforeAll(async () => {
  fixture = await createCleaningFixture();
});
afterAll(() => fixture.remove());

const HEADER = 'event_id,user_id,event_type,amount,currency,event_time';

/** `2024-01-20 EUR 1.5` and so on. */
function ratesOf(lines: readonly string[], currency = 'USD') {
  const rows = lines.map((line): WrittenRate => {
    const [date, from, rate] = line.split(' ');
    return { date: date!, currency: from!, rate: rate! };
  });
  return conversionRates(parseRates(rows, currency), new Map());
}

interface Case {
  readonly rates: readonly string[];
  /** amount,currency,event_time */
  readonly rows: readonly string[];
  readonly currency?: string;
  readonly header?: string;
}

async function convert({ rates, rows, currency = 'USD', header = HEADER }: Case) {
  const lines = rows.map((row, index) => `b${index},u1,charge_succeeded,${row}`);
  const cleaned = await fixture.cleanLines('billing_events', [header, ...lines], {
    currency,
    rates: ratesOf(rates, currency),
  });
  expect(cleaned.map(({ row }) => row)).toEqual(rows.map((_, index) => BigInt(index + 1)));
  for (const row of cleaned) if (row.reason === null) expect(row.currency).toBe(currency);
  return cleaned.map(({ reason, amount_cents }) => reason ?? amount_cents);
}

describe('an amount in another currency', () => {
  it('is converted at the rate of its UTC day, or the last one of the 7 days before', async () => {
    const found = await convert({
      rates: ['2024-01-10 EUR 1.5', '2024-01-12 EUR 2', '2024-01-12 GBP 3'],
      rows: [
        '10,EUR,2024-01-09T23:59:59.999999Z',
        '10,EUR,2024-01-10T00:00:00Z',
        '10,eur,2024-01-11T12:00:00Z',
        '10,EUR,2024-01-12T01:00:00+02:00',
        '10,EUR,2024-01-12T02:00:00+02:00',
        '10,EUR,2024-01-19T23:59:59Z',
        '10,EUR,2024-01-20T00:00:00Z',
        '10,GBP,2024-01-11T00:00:00Z',
        '10,GBP,2024-01-12T00:00:00Z',
        '10,CHF,2024-01-12T00:00:00Z',
        '10,XYZ,2024-01-12T00:00:00Z',
        '10,USD,2020-01-01T00:00:00Z',
        '10,,2020-01-01T00:00:00Z',
      ],
    });
    expect(found).toEqual([
      'other_currency',
      1_500n,
      1_500n,
      1_500n,
      2_000n,
      2_000n,
      'other_currency',
      'other_currency',
      3_000n,
      'other_currency',
      'other_currency',
      1_000n,
      1_000n,
    ]);
  });

  it('is rounded to minor units, halves to the even one', async () => {
    const rows = ['0.01', '0.03', '0.05', '0.02', '1000000000'];
    const found = await convert({
      rates: ['2024-01-10 EUR 0.5'],
      rows: rows.map((amount) => `${amount},EUR,2024-01-10`),
    });
    expect(found).toEqual([0n, 2n, 2n, 1n, 50_000_000_000n]);
    const almost = await convert({
      rates: ['2024-01-10 EUR 0.500000000000000001', '2024-01-10 GBP 0.499999999999999999'],
      rows: ['0.01,EUR,2024-01-10', '0.03,GBP,2024-01-10'],
    });
    expect(almost).toEqual([1n, 1n]);
  });

  it.each([
    ['JPY', 'USD', '0.0067', '1000', 670n],
    ['KWD', 'USD', '3.25', '1.234', 401n],
    ['USD', 'JPY', '149.5', '10.01', 1_496n],
    ['USD', 'KWD', '0.3077', '10', 3_077n],
    ['CLF', 'JPY', '5000', '0.0001', 0n],
    ['JPY', 'CLF', '0.0002', '10', 20n],
  ])('from %s into %s has the decimals of both', async (from, into, rate, amount, minor) => {
    const found = await convert({
      rates: [`2024-01-10 ${from} ${rate}`],
      rows: [`${amount},${from},2024-01-10`],
      currency: into,
    });
    expect(found).toEqual([minor]);
  });

  it('in minor units is in those of its own currency', async () => {
    const found = await convert({
      rates: ['2024-01-10 JPY 0.0067'],
      rows: ['1000,JPY,2024-01-10', '1000,USD,2024-01-10'],
      header: HEADER.replace('amount', 'amount_cents'),
    });
    expect(found).toEqual([670n, 1_000n]);
  });

  it('has its faults before and after it is converted', async () => {
    const found = await convert({
      rates: ['2024-01-10 EUR 2', '2024-01-10 JPY 1'],
      rows: [
        '500000000,EUR,2024-01-10',
        '500000000.01,EUR,2024-01-10',
        '1000000000.01,EUR,2024-01-10',
        '0.001,EUR,2024-01-10',
        '0.5,JPY,2024-01-10',
        '-1,EUR,2024-01-10',
        'ten,EUR,2024-01-10',
        '1,EUR,2024-02-30',
      ],
    });
    expect(found).toEqual([
      100_000_000_000n,
      'invalid_value',
      'invalid_value',
      'sub_cent_amount',
      'sub_cent_amount',
      'negative_amount',
      'invalid_value',
      'invalid_time',
    ]);
  });

  it('is exact for any amount, rate and pair of currencies', async () => {
    const codes = ['USD', 'EUR', 'JPY', 'KWD', 'CLF'];
    const pair = fc
      .tuple(fc.constantFrom(...codes), fc.constantFrom(...codes))
      .filter(([from, into]) => from !== into);
    const rate = fc.tuple(fc.nat({ max: 999 }), fc.bigInt({ min: 1n, max: 10n ** 18n - 1n }));
    const minor = fc.array(fc.bigInt({ min: 0n, max: 10n ** 11n }), {
      minLength: 20,
      maxLength: 20,
    });
    const law = fc.asyncProperty(
      pair,
      rate,
      minor,
      async ([from, into], [whole, decimals], all) => {
        const scaled = BigInt(whole) * 10n ** 18n + decimals;
        const found = await convert({
          rates: [`2024-01-10 ${from} ${whole}.${decimals.toString().padStart(18, '0')}`],
          rows: all.map((amount) => `${amount},${from},2024-01-10`),
          currency: into,
          header: HEADER.replace('amount', 'amount_cents'),
        });
        const power = (code: string) => 10n ** BigInt(minorUnitDigits(code)!);
        const expected = all.map((amount) =>
          halfEven(amount * scaled * power(into), power(from) * 10n ** 18n),
        );
        expect(found).toEqual(
          expected.map((amount) => (amount <= 10n ** 11n ? amount : 'invalid_value')),
        );
      },
    );
    await fc.assert(law, { numRuns: 25, seed: 4217 });
  });

  it('is not converted in a file that does not name currencies', async () => {
    const [row] = await fixture.cleanLines(
      'billing_events',
      ['event_id,user_id,event_type,amount,event_time', 'b1,u1,refund,1,2024-01-10'],
      { rates: ratesOf(['2024-01-10 EUR 2']) },
    );
    expect(row).toMatchObject({ reason: null, amount_cents: 100n, currency: 'USD' });
  });

  it('finds its rate in a table of years', async () => {
    const first = dayNumber('2010-01-01');
    const days = Array.from({ length: 5_000 }, (_, index) => first + index);
    const dateOf = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);
    const found = await convert({
      rates: days.map((day, index) => `${dateOf(day)} EUR ${index + 1}`),
      rows: [0, 1, 2_500, 4_999].map((index) => `1,EUR,${dateOf(first + index)}`),
    });
    expect(found).toEqual([100n, 200n, 250_100n, 500_000n]);
  });
});

function halfEven(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  const twice = 2n * (numerator % denominator);
  if (twice === denominator) return whole + (whole % 2n);
  return twice > denominator ? whole + 1n : whole;
}
