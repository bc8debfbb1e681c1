import type { DuckDb } from '../../duckdb';
import { malformedFile } from '../sources/malformed-file';
import { refuse } from '../sources/refuse-import';
import type { SourceFile } from '../sources/source-file';
import { parseRates, type ExchangeRates, type WrittenRate } from './exchange-rates';
import { presentSql, trimmedSql } from './text-sql';

/**
 * The rates that files of an import folder give, all of them together.
 *
 * @param own  The installation's currency.
 * @throws ChurnError INVALID_IMPORT naming the file and row of a rate that can't be used.
 */
export async function readRates(
  duckDb: DuckDb,
  files: readonly SourceFile<'rates'>[],
  own: string,
): Promise<ExchangeRates> {
  const rates = new Map<string, Map<number, bigint>>();
  for (const { label, relation, columns } of files) {
    const value = (name: string) => `CAST(${columns.get(name)!.identifier} AS VARCHAR)`;
    const list = (of: (name: string) => string) =>
      ['date', 'currency', 'rate'].map((name) => `${of(name)} AS "${name}"`).join(', ');
    const rows = await duckDb
      .rows<WrittenRate>(
        `SELECT ${list((name) => presentSql(`"${name}"`, 'numbers'))}
         FROM (SELECT ${list((name) => trimmedSql(`"${name}"`))} FROM (SELECT ${list(value)} FROM ${relation}))`,
      )
      .catch((error: unknown) => {
        throw malformedFile(label, error);
      });
    try {
      parseRates(rows, own, rates);
    } catch (error) {
      throw error instanceof RangeError ? refuse(`${label}, ${error.message}`, error) : error;
    }
  }
  return rates;
}
