import type { DuckDb } from '../../duckdb';
import type { SourceFile } from '../sources/source-file';
import { eachTextRows } from './each-text-rows';
import { parseRates, type ExchangeRates } from './exchange-rates';

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
  const names = ['date', 'currency', 'rate'] as const;
  await eachTextRows(duckDb, files, { names, words: 'numbers' }, (rows) => {
    parseRates(rows, own, rates);
  });
  return rates;
}
