import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import { auditPartitions } from '../../../packages/offline-store/audit-partitions';
import { computePartitions } from '../../../packages/offline-store/compute-partitions';
import { createLedger } from '../../../packages/offline-store/ledger';
import { currentPartition } from '../../../packages/offline-store/manifests';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { publishSteps, type PublishStep } from './publishing-child';
import { createPublishingWorld, filesOf, readDay, type PublishingWorld } from './publishing-world';
import { latestRequest, snapshotAt } from './small-world';

/** The last login was on the day before: the late one changes both. */
const DATES = ['2024-02-11', '2024-02-12'] as const;
const [KILLED_DATE, OTHER_DATE] = DATES;
const first = DATES.map((date) => latestRequest(date, snapshotAt(80, 1)));
const second = DATES.map((date) => latestRequest(date, snapshotAt(82, 2), 'late data'));

/** What a restatement was planned on, which a killed attempt may already have replaced. */
const restating = second.map((request) => ({ ...request, basedOn: 1 }));

const isFrom = (step: PublishStep, one: PublishStep) =>
  publishSteps.indexOf(step) >= publishSteps.indexOf(one);

describe('a process that is killed while it publishes a second revision', () => {
  let world: PublishingWorld;
  let before: string;
  let userDaysBefore: Awaited<ReturnType<typeof userDaysIn>>;
  const bytes: Record<'old' | 'new', Record<string, string>> = { old: {}, new: {} };
  const sql = () => world.database.sql;
  const saveLedger = async (name: string) => {
    await sql()`drop table if exists ${sql()(name)}`;
    await sql()`create table ${sql()(name)} as table ops.partition_runs`;
  };
  const restoreLedger = async (name: string) => {
    await sql()`truncate ops.partition_runs`;
    await sql()`insert into ops.partition_runs select * from ${sql()(name)}`;
  };
  const copyOf = (folder: string, copy: string) => {
    // Hard links stay hard links.
    expect(spawnSync('cp', ['-a', folder, copy]).status).toBe(0);
    return copy;
  };
  const manifestInLedger = async () => {
    const rows = await createLedger(world.database).list();
    return Object.fromEntries(rows.map((row) => [row.date, row.manifest]));
  };

  beforeAll(async () => {
    world = await createPublishingWorld();
    const fresh = `${world.folder}/fresh`;
    await computePartitions(world.context(fresh, 'fresh'), second);
    await sql()`truncate ops.partition_runs`;
    before = `${world.folder}/before`;
    await computePartitions(world.context(before, 'first'), first);
    userDaysBefore = await userDaysIn(before);
    expect(userDaysBefore).toEqual({ files: DATES.length, rows: 40n, different: 40n });
    await saveLedger('ledger_before');
    for (const date of DATES) {
      bytes.old[date] = readDay(before, date)!;
      bytes.new[date] = readDay(fresh, date)!;
      expect(bytes.old[date]).not.toBe(bytes.new[date]);
    }
  });

  afterAll(() => world.remove());

  /** What a reader gets who knows nothing of the store but the name of its folder. */
  async function userDaysIn(dataDir: string) {
    const features = `${dataDir}/features`;
    const files = readdirSync(features, { recursive: true, withFileTypes: true });
    const duckDb = await openTestDuckDb(world.folder, 1);
    const [counts] = await duckDb.rows<{ rows: bigint; different: bigint }>(
      `SELECT count(*) AS rows, count(DISTINCT (user_id, feature_time)) AS different
       FROM read_parquet('${features}/**/*.parquet')`,
    );
    duckDb.close();
    return { files: files.filter((file) => file.isFile()).length, ...counts };
  }

  let kills = 0;
  async function killedAt(step: PublishStep, requests = second): Promise<string> {
    const dataDir = copyOf(before, `${world.folder}/killed-${(kills += 1)}`);
    await restoreLedger('ledger_before');
    const stop = { step, date: KILLED_DATE, signal: 'SIGKILL' as const };
    const child = world.startChild({ dataDir, requests, owner: 'killed', stop });
    expect((await child.ended).by).toBe('SIGKILL');
    return dataDir;
  }

  /** Publishes again as `owner`, and expects everything to be as if nobody had been killed. */
  async function recover(
    dataDir: string,
    { owner, requests = second }: { owner: string; requests?: typeof second },
  ): Promise<Record<string, string>> {
    const { outcomes } = await computePartitions(world.context(dataDir, owner), requests);
    expect(outcomes.map(({ status }) => status)).not.toContain('failed');
    const ledger = await manifestInLedger();
    for (const date of DATES) {
      expect(readDay(dataDir, date)).toBe(bytes.new[date]);
      const current = await currentPartition(dataPaths(dataDir), date);
      expect(current?.manifest).toMatchObject({ revision: 2, sha256: bytes.new[date] });
      expect(ledger[date]).toEqual(current?.manifest);
    }
    return filesOf(dataDir);
  }

  it.each(publishSteps)(
    'when %s leaves old or new, and the next attempt mends it',
    async (step) => {
      const dataDir = await killedAt(step);

      expect(await userDaysIn(dataDir)).toEqual(userDaysBefore);
      const seen = isFrom(step, "the day's file was renamed") ? 'new' : 'old';
      expect(readDay(dataDir, KILLED_DATE)).toBe(bytes[seen][KILLED_DATE]);
      // The other date is published beside it, and may have come further or not.
      const { old, new: renewed } = bytes;
      expect([old[OTHER_DATE], renewed[OTHER_DATE]]).toContain(readDay(dataDir, OTHER_DATE));
      for (const date of DATES) {
        const current = await currentPartition(dataPaths(dataDir), date);
        expect(current?.manifest.sha256).toBe(readDay(dataDir, date));
        expect(filesOf(dataDir)[current!.path.slice(dataDir.length + 1)]).toBe(
          current?.manifest.sha256,
        );
      }
      const known = isFrom(step, 'the transaction was committed') ? 'new' : 'old';
      expect((await manifestInLedger())[KILLED_DATE]?.sha256).toBe(bytes[known][KILLED_DATE]);

      await saveLedger('ledger_killed');
      const forOther = copyOf(dataDir, `${dataDir}-other`);
      const files = await recover(dataDir, { owner: 'killed' });
      expect(Object.keys(files)).toEqual(DATES.flatMap((date) => filesOfDate(date, 2)).sort());
      const audit = await auditPartitions({
        ...world.context(dataDir, 'audit'),
        scratchDir: world.folder,
        lastBatch: 2,
      });
      expect(audit).toEqual({
        equal: 2 * DATES.length,
        missing: 0,
        extra: 0,
        mismatched: 0,
        not_comparable: 0,
        examples: [],
      });

      await restoreLedger('ledger_killed'); // Its claims expire while the other owner waits.
      expect(await recover(forOther, { owner: 'other' })).toEqual(files);
    },
  );

  it.each(publishSteps.filter((step) => isFrom(step, 'the ledger row is about to be held')))(
    'when %s is recorded by the next attempt of a restatement too',
    async (step) => {
      const dataDir = await killedAt(step, restating);
      await recover(dataDir, { owner: 'killed', requests: restating });
    },
  );

  it.each(['the revision file was renamed', 'the manifest was renamed'] as const)(
    'when %s leaves nothing behind, should the next attempt find nothing new',
    async (step) => {
      const dataDir = await killedAt(step);

      const again = await computePartitions(world.context(dataDir, 'other'), [first[0]!]);

      expect(again.outcomes).toMatchObject([{ status: 'unchanged', revision: 1 }]);
      const ofDate = path.dirname(filesOfDate(KILLED_DATE, 1)[1]!);
      const files = Object.keys(filesOf(dataDir)).filter((file) => path.dirname(file) === ofDate);
      expect(files).toEqual(filesOfDate(KILLED_DATE, 1).slice(1));
      expect((await manifestInLedger())[KILLED_DATE]).toMatchObject({ revision: 1 });
    },
  );
});

/** A day's file, its revisions and their manifests, and no file else. */
function filesOfDate(date: string, revisions: number): string[] {
  const [year, month, day] = date.split('-');
  const folder = `year=${year}/month=${month}`;
  return [
    `features/${folder}/day=${day}.parquet`,
    ...Array.from({ length: revisions }, (_, index) => `rev-000${index + 1}`).flatMap(
      (revision) => [
        `feature_revisions/${folder}/day=${day}/${revision}.json`,
        `feature_revisions/${folder}/day=${day}/${revision}.parquet`,
      ],
    ),
  ];
}
