import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import type { AuditReport } from '../../../packages/contracts/audit-report';
import type { PartitionManifest } from '../../../packages/contracts/partitions';
import {
  auditPartitions,
  type AuditContext,
} from '../../../packages/offline-store/audit-partitions';
import { computePartitions } from '../../../packages/offline-store/compute-partitions';
import type { PublishOutcome } from '../../../packages/offline-store/partition-request';
import { currentPartition } from '../../../packages/offline-store/manifests';
import { partitionPaths } from '../../../packages/offline-store/partition-paths';
import { createScratchDirectory } from '../../environment/scratch-directory';
import type { TestDatabase } from '../../environment/test-database';
import { createSmallStore } from './small-store';
import { latestRequest, snapshotAt } from './small-world';

const date = '2024-02-10';

describe('computing a published partition again', () => {
  const scratch = createScratchDirectory();
  const store = dataPaths(scratch.path);
  const paths = partitionPaths(store, date);
  const name = (file: string) => path.relative(scratch.path, file);
  let database: TestDatabase;
  let context: AuditContext;

  beforeAll(async () => {
    ({ database, context } = await createSmallStore(scratch.path));
    await compute('first');
  });

  afterAll(async () => {
    await database.drop();
    scratch.remove();
  });

  async function compute(owner: string): Promise<PublishOutcome | undefined> {
    const request = latestRequest(date, snapshotAt(80, 1));
    const { outcomes } = await computePartitions({ ...context, owner }, [request]);
    return outcomes[0];
  }

  const audit = () => auditPartitions(context);
  const inPlace = { equal: 1, missing: 0, mismatched: 0 };

  it.each<[string, () => void, Partial<AuditReport>]>([
    [
      'overwritten',
      () => writeFileSync(paths.revisionFile(1), 'not Parquet'),
      { mismatched: 1, examples: [`${date} rev 1: ${name(paths.revisionFile(1))}`] },
    ],
    ["without its revision's file", () => rmSync(paths.revisionFile(1)), { missing: 1 }],
    [
      "without the day's file",
      () => rmSync(paths.dayFile),
      { missing: 1, examples: [`${date}: ${name(paths.dayFile)}`] },
    ],
    ['intact', () => {}, inPlace],
  ])('leaves one %s as it was published, without a new revision', async (name, damage, found) => {
    damage();
    expect(await audit()).toMatchObject(found);

    expect(await compute(name)).toMatchObject({ status: 'unchanged', revision: 1 });
    expect(await audit()).toMatchObject(inPlace);
    expect((await currentPartition(store, date))?.path).toBe(paths.revisionFile(1));
  });

  it('is how the audit finds a manifest that is not of its file', async () => {
    const text = readFileSync(paths.manifestFile(1), 'utf8');
    const manifest = JSON.parse(text) as PartitionManifest;
    const earlier = { ...manifest, known_at: snapshotAt(20, 1).at };
    writeFileSync(paths.manifestFile(1), JSON.stringify(earlier));

    const examples = [`${date} rev 1: ${name(paths.revisionFile(1))}`];
    expect(await audit()).toMatchObject({ equal: 0, mismatched: 1, examples });

    writeFileSync(paths.manifestFile(1), text);
    expect(await audit()).toMatchObject(inPlace);
  });
});
