import { stat } from 'node:fs/promises';
import type { PartitionManifest } from '../contracts';
import type { LogicalDate } from '../instants';
import type { LedgerRow } from './ledger';
import { findRevisionFile, partitionPaths, type StorePaths } from './partition-paths';

/**
 * The dates whose published file, day's file or manifest is gone, or whose file has another size than
 * its manifest names. It opens none of them: damage that keeps the size is for an audit.
 */
export async function findLostDates(
  store: StorePaths,
  rows: readonly Pick<LedgerRow, 'date' | 'manifest'>[],
): Promise<LogicalDate[]> {
  const lost: LogicalDate[] = [];
  for (const { date, manifest } of rows) {
    if (manifest && (await isLost(store, manifest))) lost.push(date);
  }
  return lost;
}

async function isLost(
  store: StorePaths,
  { date, revision, bytes }: PartitionManifest,
): Promise<boolean> {
  const file = findRevisionFile(store, date, revision);
  const { dayFile } = partitionPaths(store, date);
  const sizes = await Promise.all([file, dayFile].map(sizeOf));
  const manifestSize = await sizeOf(file.replace(/\.parquet$/, '.json'));
  return manifestSize === undefined || sizes.some((size) => size !== bytes);
}

function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
