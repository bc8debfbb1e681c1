import path from 'node:path';
import { openDuckDb, type DuckDb } from '../../../packages/duckdb/open-duckdb';

/** A DuckDB confined to a directory, as the product opens it. */
export function openTestDuckDb(directory: string, threads = 2): Promise<DuckDb> {
  return openDuckDb({
    allowedDirectories: [directory],
    scratchDirectory: path.join(directory, 'scratch'),
    memoryMegabytes: 1024,
    threads,
  });
}
