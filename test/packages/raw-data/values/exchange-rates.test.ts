import {
  countCorrectedRates,
  dailyRates,
  parseRates,
  type WrittenRate,
} from '../../../../packages/raw-data/values/exchange-rates';

const ONE = 10n ** 18n;
const row = (date: string | null, currency: string | null, rate: string | null): WrittenRate => ({
  date,
  currency,
  rate,
});

describe('rates as they are written', () => {
  it.each([
    ['1', ONE],
    ['+1.0856', 1_085_600_000_000_000_000n],
    ['.5', ONE / 2n],
    ['7.', 7n * ONE],
    ['0.000000000000000001', 1n],
    ['0.0000000000000000010', 1n],
    ['999999999.999999999999999999', 10n ** 27n - 1n],
  ])('%s is exact', (text, scaled) => {
    expect(parseRates([row('1970-01-02', 'eur', text)], 'USD')).toEqual(
      new Map([['EUR', new Map([[1, scaled]])]]),
    );
  });

  it.each([
    ['1970-01-02'],
    ['1970-01-02 00:00:00'],
    ['1970-01-02T00:00:00.000Z'],
    ['1970-01-02 00:00:00+00'],
    ['1970-01-02 00:00:00 UTC'],
  ])('may have the date %s', (date) => {
    expect(
      parseRates([row(date, 'EUR', '1')], 'USD')
        .get('EUR')!
        .has(1),
    ).toBe(true);
  });

  it.each<[problem: string, ...rows: WrittenRate[]]>([
    ['data row 1: the currency is not a code of ISO 4217', row('2024-01-01', 'XYZ', '1')],
    ['data row 1: the currency is not a code of ISO 4217', row('2024-01-01', null, '1')],
    ['data row 1: a date is written YYYY-MM-DD, such as 2026-01-31', row('01.02.2024', 'EUR', '1')],
    ['data row 1: a date is written YYYY-MM-DD, such as 2026-01-31', row(null, 'EUR', '1')],
    [
      'data row 1: a date is written YYYY-MM-DD, such as 2026-01-31',
      row('2024-01-01 12:00', 'EUR', '1'),
    ],
    [
      'data row 1: 2024-02-30 does not exist: February 2024 has 29 days',
      row('2024-02-30', 'EUR', '1'),
    ],
    ...['', '-1', '1e-3', '1,5', 'x', '.', 'NaN'].map((rate): [string, WrittenRate] => [
      'data row 1: the rate is not a plain decimal number; write it like 1.0856',
      row('2024-01-01', 'EUR', rate),
    ]),
    ['data row 1: the rate is 0', row('2024-01-01', 'EUR', '0.00')],
    ['data row 1: the rate is not below a billion', row('2024-01-01', 'EUR', '1000000000')],
    [
      'data row 1: the rate has more than 18 decimals',
      row('2024-01-01', 'EUR', '0.0000000000000000001'),
    ],
    ['data row 1: the rate of USD to itself is not 1', row('2024-01-01', 'USD', '1.01')],
    [
      'data row 3: there is another rate of EUR for the same date',
      row('2024-01-01', 'EUR', '1'),
      row('2024-01-01', 'GBP', '2'),
      row('2024-01-01', 'EUR', '1.1'),
    ],
  ])('are refused: %s', (problem, ...rows) => {
    expect(() => parseRates(rows, 'USD')).toThrow(new RangeError(problem));
  });

  it('may come twice, and with that of the currency itself', () => {
    const rows = [
      row('2024-01-01', 'EUR', '1.5'),
      row('2024-01-01', 'EUR', '1.50'),
      row('2024-01-01', 'USD', '1.000'),
    ];
    expect([...parseRates(rows, 'USD').keys()]).toEqual(['EUR']);
  });
});

describe('the rate of a day', () => {
  const at = (daily: ReturnType<typeof dailyRates>, day: number) =>
    daily?.rates[day - daily.firstDay]?.rate;
  const settled = (day: number, rate: bigint, ofDay = day) => [day, { rate, ofDay }] as const;

  const given = (...rates: [day: number, rate: bigint][]) => new Map(rates);

  it('is its own, or the last one of the 7 days before', () => {
    const daily = dailyRates(given([100, 5n], [103, 6n]));
    expect([99, 100, 101, 102, 103, 110, 111].map((day) => at(daily, day))).toEqual([
      undefined,
      5n,
      5n,
      5n,
      6n,
      6n,
      undefined,
    ]);
  });

  it('stays what was settled for it, and for it alone', () => {
    const daily = dailyRates(given([100, 5n]), new Map([settled(98, 3n), settled(101, 4n)]));
    expect([97, 98, 99, 100, 101, 102].map((day) => at(daily, day))).toEqual([
      undefined,
      3n,
      undefined,
      5n,
      4n,
      5n,
    ]);
    expect(dailyRates()).toBeUndefined();
  });

  it('is counted as corrected where the day had another one of its own', () => {
    const rates = new Map([['EUR', given([100, 5n], [101, 5n], [102, 5n], [103, 5n])]]);
    const before = new Map([
      ['EUR', new Map([settled(100, 5n), settled(101, 4n), settled(102, 4n, 101)])],
      ['GBP', new Map([settled(103, 4n)])],
    ]);
    expect(countCorrectedRates(rates, before)).toBe(1);
  });
});
