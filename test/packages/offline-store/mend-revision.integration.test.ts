import { rmSync, writeFileSync } from 'node:fs';
import { openDuckDb } from '../../../packages/duckdb';
import { featureSet } from '../../../packages/features';
import {
  auditPartitions,
  computePartitions,
  createLedger,
  currentPartition,
  partitionPaths,
  type ComputeContext,
  type PartitionOutcome,
} from '../../../packages/offline-store';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { openTestDuckDb, writeRawLog } from '../features/raw-log-fixture';
import { latestRequest, smallWorld, snapshotAt } from './small-world';

const date = '2024-02-10';

describe('computing a published partition again', () => {
  const scratch = createScratchDirectory();
  const featuresDir = `${scratch.path}/features`;
  const paths = partitionPaths(featuresDir, date);
  let database: TestDatabase;
  let context: ComputeContext;

  beforeAll(async () => {
    database = await createTestDatabase();
    const duckDb = await openTestDuckDb(scratch.path);
    const segments = await writeRawLog(duckDb, `${scratch.path}/raw`, smallWorld());
    duckDb.close();
    context = {
      ledger: createLedger(database),
      featuresDir,
      featureSet,
      segments,
      openDuckDb: () =>
        openDuckDb({
          allowedDirectories: [scratch.path],
          scratchDirectory: `${scratch.path}/scratch`,
          memoryMegabytes: 512,
          threads: 2,
        }),
      owner: 'first',
    };
    await compute('first');
  });

  afterAll(async () => {
    await database.drop();
    scratch.remove();
  });

  async function compute(owner: string): Promise<PartitionOutcome | undefined> {
    const request = latestRequest(date, snapshotAt(80, 1));
    const { outcomes } = await computePartitions({ ...context, owner }, [request]);
    return outcomes[0];
  }

  it.each([
    ['overwritten', () => writeFileSync(paths.revisionFile(1), 'not Parquet')],
    ["without its revision's file", () => rmSync(paths.revisionFile(1))],
    ["without the day's file", () => rmSync(paths.dayFile)],
    ['intact', () => {}],
  ])('leaves one %s as it was published, without a new revision', async (name, damage) => {
    damage();

    expect(await compute(name)).toMatchObject({ status: 'unchanged', revision: 1 });
    expect(await auditPartitions({ ...context, scratchDir: scratch.path })).toMatchObject({
      equal: 1,
      missing: 0,
      mismatched: 0,
    });
    expect((await currentPartition(featuresDir, date))?.path).toBe(paths.revisionFile(1));
  });
});
