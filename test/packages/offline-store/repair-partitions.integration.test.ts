import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import {
  auditPartitions,
  type AuditContext,
} from '../../../packages/offline-store/audit-partitions';
import { computePartitions } from '../../../packages/offline-store/compute-partitions';
import { partitionPaths } from '../../../packages/offline-store/partition-paths';
import { repairPartitions } from '../../../packages/offline-store/repair-partitions';
import { createScratchDirectory } from '../../environment/scratch-directory';
import type { TestDatabase } from '../../environment/test-database';
import { createSmallStore } from './small-store';
import { latestRequest, snapshotAt } from './small-world';

const date = '2024-02-10';
const other = '2024-02-11';

describe('the repair of the offline store', () => {
  const scratch = createScratchDirectory();
  const store = dataPaths(scratch.path);
  const paths = partitionPaths(store, date);
  const name = (file: string) => path.relative(scratch.path, file);
  let database: TestDatabase;
  let context: AuditContext;

  beforeAll(async () => {
    ({ database, context } = await createSmallStore(scratch.path));
    await publish('first', snapshotAt(41, 1));
    await publish('second', snapshotAt(80, 1));
  });

  afterAll(async () => {
    await database.drop();
    scratch.remove();
  });

  async function publish(owner: string, known: ReturnType<typeof snapshotAt>) {
    const requests = [date, other].map((each) => latestRequest(each, known));
    const { outcomes } = await computePartitions({ ...context, owner }, requests);
    return outcomes;
  }

  const files = () =>
    [
      ...[1, 2].flatMap((revision) => [paths.revisionFile(revision), paths.manifestFile(revision)]),
      paths.dayFile,
    ].map((file) => [file, readFileSync(file)] as const);
  const audit = () => auditPartitions(context);
  const whole = { equal: 4, missing: 0, extra: 0, mismatched: 0, not_comparable: 0, examples: [] };

  it('finds nothing where nothing is wrong', async () => {
    expect(await audit()).toEqual(whole);
    expect(await repairPartitions(context)).toEqual({ repaired: [], unrepaired: [] });
  });

  const garbage = (file: string) => writeFileSync(file, '{"revision": \u0001');
  const damages: [what: string, harm: () => void, named: string][] = [
    ["an earlier revision's file, cut off", () => truncateSync(paths.revisionFile(1), 99), 'rev 1'],
    ["an earlier revision's file, gone", () => rmSync(paths.revisionFile(1)), 'rev 1'],
    ["the current one's file, gone", () => rmSync(paths.revisionFile(2)), 'rev 2'],
    ['the current one, cut off under both names', () => truncateSync(paths.dayFile, 99), 'rev 2'],
    ["the day's file, gone", () => rmSync(paths.dayFile), name(paths.dayFile)],
    [
      "the day's file, one of another date",
      () => {
        rmSync(paths.dayFile);
        copyFileSync(partitionPaths(store, other).dayFile, paths.dayFile);
      },
      name(paths.dayFile),
    ],
    ['the manifest of the current one, garbage', () => garbage(paths.manifestFile(2)), 'rev 2'],
    ['the manifest of the current one, gone', () => rmSync(paths.manifestFile(2)), 'rev 2'],
  ];
  it.each(damages)('puts back, as it was published: %s', async (_what, harm, named) => {
    const before = files();
    const rows = await context.ledger.list();
    harm();
    const { examples, ...counts } = await audit();
    expect(counts.missing + counts.mismatched).toBeGreaterThan(0);
    expect(examples).toContainEqual(expect.stringContaining(named));

    const { repaired, unrepaired } = await repairPartitions(context);
    expect(unrepaired).toEqual([]);
    expect(repaired).toContainEqual(expect.stringContaining(named));
    expect(await audit()).toEqual(whole);
    for (const [file, bytes] of before) {
      if (file.endsWith('.parquet')) expect(readFileSync(file).equals(bytes)).toBe(true);
      else expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(bytes.toString()));
    }
    expect(await context.ledger.list()).toEqual(rows);
  });

  it('puts back a ledger that is lost', async () => {
    const manifests = (await context.ledger.list()).map(({ manifest }) => manifest);
    await database.sql`truncate ops.partition_runs`;
    expect(await repairPartitions(context)).toEqual({
      repaired: [date, other].map((each) => `${each}: the row of the ledger`),
      unrepaired: [],
    });
    expect((await context.ledger.list()).map(({ manifest }) => manifest)).toEqual(manifests);
  });

  it("puts back a ledger that is lost together with the days' files", async () => {
    const manifests = (await context.ledger.list()).map(({ manifest }) => manifest);
    await database.sql`truncate ops.partition_runs`;
    rmSync(store.features, { recursive: true });
    const { repaired, unrepaired } = await repairPartitions(context);
    expect(unrepaired).toEqual([]);
    expect(repaired).toContain(`${date}: ${name(paths.dayFile)}`);
    expect((await context.ledger.list()).map(({ manifest }) => manifest)).toEqual(manifests);
    expect(await audit()).toEqual(whole);
  });

  it('says of a manifest that nothing else has that it is needed from a backup', async () => {
    const text = readFileSync(paths.manifestFile(1));
    garbage(paths.manifestFile(1));
    const { examples } = await audit();
    const file = name(paths.manifestFile(1));
    expect(examples).toEqual([`${date} rev 1: ${file} is damaged: it is not JSON`]);
    const { repaired, unrepaired } = await repairPartitions(context);
    expect(repaired).toEqual([]);
    expect(unrepaired).toEqual([
      expect.stringMatching(`^${date} rev 1: ${file} is damaged or gone, .* from a backup$`),
    ]);
    writeFileSync(paths.manifestFile(1), text);
  });

  it.each([
    ['latest', /--reprocess all` for a new revision/],
    ['as-served', /--reprocess all --known-at as-served` for/],
    ['pinned', /--reprocess all --known-at 2\d{3}-[^` ]+Z` for/],
  ])('says how a %s revision of other definitions is made again', async (knowledge, command) => {
    const [revisionFile, manifestFile] = [paths.revisionFile(1), paths.manifestFile(1)];
    const [bytes, manifest] = [readFileSync(revisionFile), readFileSync(manifestFile, 'utf8')];
    rmSync(revisionFile);
    writeFileSync(manifestFile, JSON.stringify({ ...JSON.parse(manifest), knowledge }));
    const changed = { ...context, featureSet: { ...context.featureSet, schemaHash: 'another' } };
    const { unrepaired } = await repairPartitions(changed);
    expect(unrepaired).toEqual([expect.stringMatching(/rev 1: .*made from other definitions/)]);
    expect(unrepaired).toEqual([expect.stringMatching(command)]);
    writeFileSync(revisionFile, bytes);
    writeFileSync(manifestFile, manifest);
  });

  it('keeps a run from giving the number of a revision again whose manifest is damaged', async () => {
    const text = readFileSync(paths.manifestFile(2));
    const bytes = readFileSync(paths.revisionFile(2));
    garbage(paths.manifestFile(2));
    await database.sql`delete from ops.partition_runs where date = ${date}`;
    const [outcome] = await publish('third', snapshotAt(81, 1));
    expect(outcome).toMatchObject({ date, status: 'published', revision: 3 });
    expect(readFileSync(paths.revisionFile(2)).equals(bytes)).toBe(true);
    writeFileSync(paths.manifestFile(2), text);
    expect((await audit()).mismatched).toBe(0);
  });
});
