import type { Database, TransactionSql } from '../database';
import type { DuckDb } from '../duckdb';
import type { LoadWarning } from './load-warning';
import type { PreparedTable } from './load/prepare-load';
import { isSettledOtherwise, readSettledRates, settleRates } from './settled-rates';
import type { SourceFile } from './sources/source-file';
import { conversionRates, type ConversionRates } from './values/conversion-sql';
import { countCorrectedRates } from './values/exchange-rates';
import { readRates } from './values/read-rates';

type Tables = readonly Pick<PreparedTable, 'parts'>[];

/** The rates of a load. What runs in its transaction is about those that its rows used. */
export interface LoadRates {
  readonly rates: ConversionRates;
  readonly warnings: readonly LoadWarning[];
  /** Whether no other load has settled other rates since these were found. */
  isCurrent(tx: TransactionSql, tables: Tables): Promise<boolean>;
  /** Whether `isCurrent` was asked, and said no. */
  isOutdated(): boolean;
  settle(tx: TransactionSql, tables: Tables, batch: number): Promise<void>;
}

/**
 * The rates that an import folder gives, and before them those by which earlier loads converted rows
 * of the same days.
 *
 * @throws ChurnError INVALID_IMPORT for a rate that can't be used.
 */
export async function findRates(
  { database, currency: own }: { readonly database: Database; readonly currency: string },
  duckDb: DuckDb,
  files: readonly SourceFile<'rates'>[],
): Promise<LoadRates> {
  const given = await readRates(duckDb, files, own);
  const settled = await readSettledRates(database, own);
  const rates = conversionRates(given, settled);
  const corrected = countCorrectedRates(given, settled);
  let isOutdated = false;
  return {
    rates,
    warnings: corrected === 0 ? [] : [settledWarning(corrected)],
    async isCurrent(tx, tables) {
      isOutdated = await isSettledOtherwise(tx, usedBy(tables), { own, rates });
      return !isOutdated;
    },
    isOutdated: () => isOutdated,
    settle: (tx, tables, batch) => settleRates(tx, usedBy(tables), { own, rates, batch }),
  };
}

function usedBy(tables: Tables) {
  return tables.flatMap(({ parts }) => parts.flatMap(({ usedRates }) => usedRates));
}

function settledWarning(count: number): LoadWarning {
  const [rates, earlier, stays] =
    count === 1
      ? ['1 rate differs', 'the rate', 'The earlier rate stays']
      : [`${count} rates differ`, 'the rates', 'The earlier rates stay'];
  return {
    code: 'settled_rates',
    table: 'rates',
    count,
    message: `${rates} from ${earlier} by which earlier loads converted amounts of the same day and currency. ${stays} in use, so that a row that is sent again keeps its amount.`,
  };
}
