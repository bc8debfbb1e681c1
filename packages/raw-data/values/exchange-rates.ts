import { minorUnitDigits } from '../../currencies';
import { dayNumber, parseLogicalDate } from '../../instants';

/** Rates by currency, then by day (days since 1970-01-01 in UTC), times 10^18. */
export type ExchangeRates = ReadonlyMap<string, ReadonlyMap<number, bigint>>;

/** A row of rates as its file has it. */
export interface WrittenRate {
  readonly date: string | null;
  readonly currency: string | null;
  readonly rate: string | null;
}

export const RATE_DECIMALS = 18;
const ONE = 10n ** BigInt(RATE_DECIMALS);
/** On days without a rate, such as Sundays, the last one counts for so long. */
export const RATE_LASTS_DAYS = 7;
/** A rate below it, times the largest amount, fits into 128 bits. */
const RATE_BELOW = 1_000_000_000n;

/**
 * The rates of rows: on `date`, one unit of `currency` was worth `rate` units of the installation's.
 *
 * @param rates  Those of other files; what is new is added.
 * @throws RangeError whose message says which row of data, from 1 and without the header, is wrong and how, without its values.
 */
export function parseRates(
  rows: readonly WrittenRate[],
  own: string,
  rates = new Map<string, Map<number, bigint>>(),
): ExchangeRates {
  for (const [index, row] of rows.entries()) {
    const fail = (problem: string) => new RangeError(`data row ${index + 1}: ${problem}`);
    const currency = row.currency?.toUpperCase() ?? '';
    if (minorUnitDigits(currency) === undefined) {
      throw fail('the currency is not a code of ISO 4217');
    }
    const day = parseDay(row.date ?? '', fail);
    const rate = parseRate(row.rate ?? '', fail);
    if (currency !== own) addRate(rates, { currency, day, rate, fail });
    else if (rate !== ONE) throw fail(`the rate of ${own} to itself is not 1`);
  }
  return rates;
}

function addRate(
  rates: Map<string, Map<number, bigint>>,
  { currency, day, rate, fail }: { currency: string; day: number; rate: bigint; fail: Fail },
): void {
  const ofCurrency = rates.get(currency) ?? new Map<number, bigint>();
  const other = ofCurrency.get(day) ?? rate;
  if (other !== rate) throw fail(`there is another rate of ${currency} for the same date`);
  rates.set(currency, ofCurrency.set(day, rate));
}

type Fail = (problem: string) => RangeError;

/** A date, or a midnight as DuckDB and pandas write one. */
function parseDay(text: string, fail: Fail): number {
  const [, date = ''] =
    /^(.{10})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|\+00(?::?00)?| UTC)?)?$/.exec(text) ?? [];
  try {
    return dayNumber(parseLogicalDate(date));
  } catch (error) {
    throw fail(error instanceof RangeError ? error.message : String(error));
  }
}

function parseRate(text: string, fail: Fail): bigint {
  const [, whole, fraction = ''] = /^\+?(\d*)(?:\.(\d*))?$/.exec(text) ?? [];
  if (whole === undefined || whole + fraction === '') {
    throw fail('the rate is not a plain decimal number; write it like 1.0856');
  }
  const decimals = fraction.replace(/0+$/, '');
  if (decimals.length > RATE_DECIMALS)
    throw fail(`the rate has more than ${RATE_DECIMALS} decimals`);
  const scaled = BigInt(whole + decimals.padEnd(RATE_DECIMALS, '0'));
  if (scaled === 0n) throw fail('the rate is 0');
  if (scaled >= RATE_BELOW * ONE) throw fail('the rate is not below a billion');
  return scaled;
}

/** A rate times 10^18, and the day that it was given for. */
export interface DatedRate {
  readonly rate: bigint;
  readonly ofDay: number;
}

/** By currency, then by the day for which it was used. */
export type SettledRates = ReadonlyMap<string, ReadonlyMap<number, DatedRate>>;

/** The rate of each day of a range. */
export interface DailyRates {
  readonly firstDay: number;
  readonly rates: readonly (DatedRate | undefined)[];
}

/**
 * The rate of a day is the one given for it, else the last one of the 7 days before it. What is settled
 * for a day counts before all others, and for that day alone.
 */
export function dailyRates(
  given: ReadonlyMap<number, bigint> = new Map(),
  settled: ReadonlyMap<number, DatedRate> = new Map(),
): DailyRates | undefined {
  const days = [...given.keys(), ...settled.keys()];
  if (days.length === 0) return undefined;
  const firstDay = days.reduce((least, day) => Math.min(least, day));
  const lastDay = days.reduce((greatest, day) => Math.max(greatest, day)) + RATE_LASTS_DAYS;
  let last: DatedRate | undefined;
  const rates = Array.from({ length: lastDay - firstDay + 1 }, (_, index) => {
    const day = firstDay + index;
    const rate = given.get(day);
    if (rate !== undefined) last = { rate, ofDay: day };
    if (last && day - last.ofDay > RATE_LASTS_DAYS) last = undefined;
    return settled.get(day) ?? last;
  });
  return { firstDay, rates };
}

/** How many rates are given for a day whose rate of that very day is settled, and another one. */
export function countCorrectedRates(given: ExchangeRates, settled: SettledRates): number {
  let count = 0;
  for (const [currency, ofDays] of given) {
    for (const [day, rate] of ofDays) {
      const before = settled.get(currency)?.get(day);
      if (before?.ofDay === day && before.rate !== rate) count += 1;
    }
  }
  return count;
}
