import { dataPaths } from '../../../packages/config/data-paths';
import { featureSet } from '../../../packages/features/feature-set';
import type { AuditContext } from '../../../packages/offline-store/audit-partitions';
import { createLedger } from '../../../packages/offline-store/ledger';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { writeRawLog } from '../features/raw-log-fixture';
import { smallWorld } from './small-world';

/** An offline store in a folder, with a ledger of its own, over the small world. Nothing is published. */
export async function createSmallStore(
  folder: string,
): Promise<{ database: TestDatabase; context: AuditContext }> {
  const database = await createTestDatabase();
  const duckDb = await openTestDuckDb(folder);
  const segments = await writeRawLog(duckDb, `${folder}/raw`, smallWorld());
  duckDb.close();
  const context = {
    ledger: createLedger(database),
    store: dataPaths(folder),
    featureSet,
    segments,
    openDuckDb: () => openTestDuckDb(folder),
    scratchDir: folder,
    lastBatch: 2,
  };
  return { database, context };
}
