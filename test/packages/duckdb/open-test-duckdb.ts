import path from 'node:path';
import { openDuckDb, type DuckDb } from '../../../packages/duckdb/open-duckdb';

/** By directory: the database that single-threaded ones are connections to. */
const databases = new Map<string, Promise<DuckDb>>();

/**
 * A DuckDB confined to a directory, as the product opens it. Those with one thread are connections to
 * one database per directory and test file, as opening a database takes 12 ms of a processor: each has
 * temporary tables of its own, and the file need not close what has no connection any more.
 */
export async function openTestDuckDb(directory: string, threads = 1): Promise<DuckDb> {
  if (threads > 1) {
    const duckDb = await openDatabase(directory, threads);
    return { ...duckDb, openSingleThreaded: () => openTestDuckDb(directory) };
  }
  const database = databases.get(directory) ?? openDatabase(directory, 1);
  databases.set(directory, database);
  return (await database).openSingleThreaded();
}

function openDatabase(directory: string, threads: number): Promise<DuckDb> {
  return openDuckDb({
    allowedDirectories: [directory],
    scratchDirectory: path.join(directory, 'scratch'),
    memoryMegabytes: 1024,
    threads,
  });
}

afterAll(async () => {
  for (const database of databases.values()) (await database).close();
  databases.clear();
});
