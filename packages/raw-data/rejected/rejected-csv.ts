import { minorUnitDigits } from '../../currencies';
import { byName } from '../properties/property-types';
import { rawTables, type RawTable } from '../raw-tables';

type Values = Readonly<Record<string, string>>;

/**
 * Rejected rows of a table as a CSV in the import format, to be corrected and loaded again.
 *
 * A row says when it arrived only if it came with its arrival, and not where that was assumed to be
 * the event's time, as it will be again. Of files with and without arrivals, the rows without are
 * given the event's time. Amounts are in `amount` as soon as one file had them so.
 *
 * @param currency  ISO 4217: that of rows which name none.
 */
export function rejectedCsv(table: RawTable, rows: readonly Values[], currency: string): string {
  const columns = columnsOf(table, rows);
  const { timeColumn } = rawTables[table];
  const lines = rows.map((row) => {
    const cell = (name: string): string => {
      if (name === 'ingested_at') return row.ingested_at ?? row[timeColumn] ?? '';
      if (name === 'amount' && row.amount === undefined) {
        return asUnits(row.amount_cents ?? '', digitsOf(row.currency) ?? digitsOf(currency) ?? 0);
      }
      return row[name] ?? '';
    };
    return columns.map((name) => quoteCell(cell(name))).join(',');
  });
  return [columns.map(quoteCell).join(','), ...lines].join('\n');
}

function columnsOf(table: RawTable, rows: readonly Values[]): string[] {
  const { columns, timeColumn } = rawTables[table];
  const hasAmounts = rows.some((row) => row.amount !== undefined);
  const named = columns
    .filter(
      ({ name, kind, optional }) =>
        kind !== 'properties' && (!optional || rows.some((row) => row[name] !== undefined)),
    )
    .map(({ name }) => (name === 'amount_cents' && hasAmounts ? 'amount' : name));
  const prefixed = new Set(rows.flatMap((row) => Object.keys(row)).filter(isPrefixed));
  const hasArrivals = rows.some(
    (row) => row.ingested_at !== undefined && row.ingested_at !== row[timeColumn],
  );
  return [...named, ...[...prefixed].sort(byName), ...(hasArrivals ? ['ingested_at'] : [])];
}

/** An attribute or a property: no column of a table begins so. */
function isPrefixed(name: string): boolean {
  return /^[ap]_/.test(name);
}

function digitsOf(currency = ''): number | undefined {
  return minorUnitDigits(currency.trim().toUpperCase());
}

/** Minor units as units, without arithmetic: `-150.5` with two digits is `-1.505`. */
function asUnits(text: string, digits: number): string {
  const [, sign = '', whole = '', fraction = ''] =
    /^\s*([+-]?)(\d*)(?:\.(\d*))?\s*$/.exec(text) ?? [];
  if (digits === 0 || whole + fraction === '') return text;
  const padded = whole.padStart(digits + 1, '0');
  const point = padded.length - digits;
  return `${sign}${padded.slice(0, point)}.${padded.slice(point)}${fraction}`;
}

function quoteCell(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
