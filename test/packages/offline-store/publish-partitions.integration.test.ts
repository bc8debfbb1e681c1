import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dataPaths } from '../../../packages/config/data-paths';
import { ChurnError } from '../../../packages/contracts/errors';
import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import type { Segments } from '../../../packages/features/segments';
import { createFeatureSet, featureSet } from '../../../packages/features/feature-set';
import { datesBetween } from '../../../packages/instants/logical-date';
import { auditPartitions, rebuildLedger } from '../../../packages/offline-store/audit-partitions';
import { computePartitions } from '../../../packages/offline-store/compute-partitions';
import type {
  ComputeContext,
  PartitionRequest,
  PublishOutcome,
} from '../../../packages/offline-store/partition-request';
import { findRestatements } from '../../../packages/offline-store/restatement/find-restatements';
import { createLedger } from '../../../packages/offline-store/ledger';
import { currentPartition } from '../../../packages/offline-store/manifests';
import { partitionPaths } from '../../../packages/offline-store/partition-paths';
import { isStale } from '../../../packages/offline-store/select-dates';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { writeRawLog } from '../features/raw-log-fixture';
import { latestRequest, smallWorld, snapshotAt } from './small-world';
import { catalogueMessage } from '../../support/catalogue-message';

const dates = datesBetween('2024-02-01', '2024-03-10');
const full = snapshotAt(80, 1);
const withLate = snapshotAt(82, 2);

describe('the offline store', () => {
  const scratch = createScratchDirectory();
  let database: TestDatabase;
  let segments: Segments;
  let lateSegments: Segments;

  beforeAll(async () => {
    database = await createTestDatabase();
    const duckDb = await openTestDuckDb(scratch.path);
    segments = await writeRawLog(duckDb, `${scratch.path}/one`, smallWorld());
    lateSegments = await writeRawLog(duckDb, `${scratch.path}/two`, smallWorld({ late: true }));
    duckDb.close();
  });

  beforeEach(() => database.sql`truncate ops.partition_runs`);

  afterAll(async () => {
    await database.drop();
    scratch.remove();
  });

  const contextFor = (folder: string, owner = 'test', threads = 1): ComputeContext => ({
    ledger: createLedger(database),
    store: dataPaths(`${scratch.path}/${folder}`),
    featureSet,
    segments,
    openDuckDb: () => openTestDuckDb(scratch.path, threads),
    owner,
  });
  const requests = (snapshot = full) => dates.map((date) => latestRequest(date, snapshot));
  const shaOf = async (context: ComputeContext, date: string) =>
    (await currentPartition(context.store, date))?.manifest.sha256;

  it('publishes what has equal bytes under a changed label, so that it is not stale for ever', async () => {
    const refunds = { source: 'billing_events', eventType: 'refund' } as const;
    const label = { ...featureSet.label, cancelledBy: refunds };
    const changed = createFeatureSet({ ...featureSet, label });
    const early = [latestRequest('2024-02-01', snapshotAt(50, 1))]; // Labels are not known yet.
    await computePartitions(contextFor('relabelled', 'before'), early);
    const context = { ...contextFor('relabelled', 'after'), featureSet: changed };
    const { outcomes } = await computePartitions(context, early);
    expect(outcomes.map(({ status, revision }) => `${status} ${revision}`)).toEqual([
      'published 2',
    ]);
    const current = await currentPartition(context.store, '2024-02-01');
    expect(isStale(current!.manifest, changed)).toBe(false);
  });

  it('publishes equal bytes again where the kind of their knowledge, or the pinned K, is another', async () => {
    const [latest] = requests();
    const pinned = (day: number) => ({
      ...latest!,
      kind: 'pinned' as const,
      known: snapshotAt(day, 1),
    });
    const asked: [PartitionRequest, string][] = [
      [latest!, 'published 1'],
      [{ ...latest!, kind: 'as-served' }, 'published 2'],
      [pinned(70), 'published 3'],
      [pinned(70), 'unchanged 3'],
      [pinned(71), 'published 4'],
      [{ ...latest!, known: snapshotAt(72, 1) }, 'published 5'],
      [latest!, 'unchanged 5'],
    ];
    const context = contextFor('other-knowledge');
    for (const [index, [request, expected]] of asked.entries()) {
      const owner = `run ${index}`;
      const { outcomes } = await computePartitions({ ...context, owner }, [request]);
      const [{ status, revision } = { status: 'none', revision: 0 }] = outcomes;
      expect(`${status} ${revision}`).toBe(expected);
    }
    const shas = await Promise.all(
      [1, 2, 3, 4, 5].map((revision) =>
        readFile(partitionPaths(context.store, latest!.date).revisionFile(revision)),
      ),
    );
    expect(new Set(shas.map((bytes) => bytes.toString('base64'))).size).toBe(1);
  });

  it('publishes one file, one revision and one manifest per date', async () => {
    const context = contextFor('publish');
    const { outcomes, scans } = await computePartitions(context, requests());
    expect(outcomes.map(({ status, revision }) => `${status} ${revision}`)).toEqual(
      dates.map(() => 'published 1'),
    );
    expect(scans.user_events).toBe(1); // One scan serves a year of so few events.
    const current = await currentPartition(context.store, '2024-02-10');
    expect(current?.manifest).toMatchObject({
      revision: 1,
      knowledge: 'latest',
      rows: 20,
      reason: 'backfill',
      label_mature: true,
    });
    const paths = partitionPaths(context.store, '2024-02-10');
    expect(await readFile(paths.dayFile)).toEqual(await readFile(paths.revisionFile(1)));
  });

  it('publishes nothing for the same request again', async () => {
    const context = contextFor('again');
    await computePartitions(context, requests());
    const mine = await computePartitions(context, requests());
    expect(new Set(mine.outcomes.map((outcome) => outcome.status))).toEqual(new Set(['skipped']));
    const others = await computePartitions({ ...context, owner: 'someone else' }, requests());
    expect(new Set(others.outcomes.map((outcome) => outcome.status))).toEqual(
      new Set(['unchanged']),
    );
  });

  it('writes the same bytes whatever the chunking and the number of threads', async () => {
    const whole = contextFor('whole', 'whole', 1);
    await computePartitions(whole, requests());
    await database.sql`truncate ops.partition_runs`;
    const single = contextFor('single', 'single', 2);
    for (const request of requests().slice(0, 12).reverse())
      await computePartitions(single, [request]);
    for (const date of dates.slice(0, 12)) {
      expect(await shaOf(single, date)).toBe(await shaOf(whole, date));
    }
  });

  it('goes on where it was stopped, giving way before each piece, with the same bytes', async () => {
    const whole = contextFor('undisturbed');
    await computePartitions(whole, requests());
    await database.sql`truncate ops.partition_runs`;
    const context = contextFor('stopped');
    const controller = new AbortController();
    const pieces: string[] = [];
    const giveWay = async () => {
      pieces.push('piece');
      if (pieces.length === 20) controller.abort(new Error('paused'));
    };
    const { signal } = controller;
    await expect(computePartitions(context, requests(), { signal, giveWay })).rejects.toThrow();
    const done = (await context.ledger.list()).filter(({ status }) => status === 'succeeded');
    expect(done.length).toBeGreaterThan(0);
    expect(done.length).toBeLessThan(20);

    pieces.length = 0;
    const settled: string[] = [];
    const onOutcome = ({ status }: PublishOutcome) => void settled.push(status);
    await computePartitions(context, requests(), { giveWay, onOutcome });
    expect(settled.filter((status) => status === 'skipped')).toHaveLength(done.length);
    expect(settled.filter((status) => status === 'published')).toHaveLength(
      dates.length - done.length,
    );
    expect(pieces.length).toBeGreaterThan(dates.length - done.length);
    expect(pieces.length).toBeLessThan(dates.length);
    for (const date of dates) expect(await shaOf(context, date)).toBe(await shaOf(whole, date));
  });

  it('refuses a zombie: a claim that a later one replaced publishes nothing', async () => {
    const context = contextFor('zombie');
    const { ledger } = context;
    const stale = (await ledger.claim('2024-02-01', 'first'))!;
    await database.sql`update ops.partition_runs set claim_expires_at = now() - interval '1 second'`;
    expect(await ledger.claim('2024-02-01', 'second')).toBeDefined();
    const asZombie: ComputeContext = {
      ...context,
      owner: 'zombie',
      ledger: { ...ledger, claim: async () => stale },
    };
    const { outcomes } = await computePartitions(asZombie, requests().slice(0, 1));
    expect(outcomes[0]).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(catalogueMessage('FENCED_OUT')),
    });
    expect(await currentPartition(context.store, '2024-02-01')).toBeUndefined();
  });

  it('keeps a living claim from others, and hands it over when it expired', async () => {
    const { ledger } = contextFor('claims');
    expect(await ledger.claim('2024-02-01', 'first')).toMatchObject({ fencingToken: 1 });
    expect(await ledger.claim('2024-02-01', 'second')).toBeUndefined();
    expect(await ledger.claim('2024-02-01', 'first')).toMatchObject({ fencingToken: 2 });
    await database.sql`update ops.partition_runs set claim_expires_at = now() - interval '1 second'`;
    expect(await ledger.claim('2024-02-01', 'second')).toMatchObject({ fencingToken: 3 });
  });

  it('recovers from a death between the rename and the ledger', async () => {
    const context = contextFor('death');
    const dying: ComputeContext = {
      ...context,
      ledger: { ...context.ledger, recordPublication: () => Promise.reject(new Error('killed')) },
    };
    const { outcomes } = await computePartitions(dying, requests().slice(0, 1));
    expect(outcomes[0]?.status).toBe('failed');
    const orphan = await currentPartition(context.store, '2024-02-01');
    expect(orphan?.manifest.revision).toBe(1); // Readers see a whole file with its manifest.
    const again = await computePartitions(context, requests().slice(0, 1));
    // Readers see it already: it is recorded, not published again.
    expect(again.outcomes[0]).toMatchObject({ status: 'unchanged', revision: 1 });
    const [row] = await context.ledger.list({ from: '2024-02-01', to: '2024-02-01' });
    expect(row?.manifest).toEqual(orphan?.manifest);
    expect(await shaOf(context, '2024-02-01')).toBe(orphan?.manifest.sha256);
  });

  it('rebuilds the ledger from the manifests', async () => {
    const context = contextFor('rebuild');
    await computePartitions(context, requests().slice(0, 3));
    const before = await context.ledger.list();
    await database.sql`truncate ops.partition_runs`;
    expect(await rebuildLedger(context)).toEqual(dates.slice(0, 3));
    expect((await context.ledger.list()).map((row) => row.manifest)).toEqual(
      before.map((row) => row.manifest),
    );
  });

  it('rebuilds no row that the ledger has: its own next run decides', async () => {
    const context = contextFor('rebuild-failed');
    await computePartitions(context, requests().slice(0, 2));
    const claim = (await context.ledger.claim(dates[0]!, 'another'))!;
    await context.ledger.release(claim, { status: 'failed', error: 'a full disk' });
    // As where a killed attempt published what it did not record.
    await database.sql`update ops.partition_runs set revision = 0`;
    const before = await context.ledger.list();

    expect(await rebuildLedger(context)).toEqual([]);
    expect(await context.ledger.list()).toEqual(before);
  });

  it('keeps what a date was first served from', async () => {
    const { ledger } = contextFor('served');
    const [date] = dates;
    await ledger.claim(date!, 'daily');
    await ledger.noteServed(date!, { at: '2024-02-01T01:00:00.000000Z', batch: 1 });
    await ledger.noteServed(date!, { at: '2024-03-01T01:00:00.000000Z', batch: 2 });

    expect(await ledger.list()).toMatchObject([{ servedBatch: 1 }]);
  });

  it('rebuilds no row that a live claim holds', async () => {
    const context = contextFor('rebuild-claimed');
    await computePartitions(context, requests().slice(0, 2));
    await database.sql`truncate ops.partition_runs`;
    await context.ledger.claim(dates[0]!, 'another');

    expect(await rebuildLedger(context)).toEqual([dates[1]]);
  });

  it('restates what a late row touches, so that incremental equals full', async () => {
    const context = contextFor('late');
    await computePartitions(context, requests());
    const incremental = { ...context, segments: lateSegments, owner: 'restate' };
    const plan = await restatementsOf(incremental);
    expect(plan.map((request) => request.reason)).toContain('late data: 1 row in batches 2–2');
    const { outcomes } = await computePartitions(incremental, plan);
    const published = outcomes
      .filter((outcome) => outcome.status === 'published')
      .map(({ date }) => date);
    expect(published.length).toBeGreaterThan(20);

    await database.sql`truncate ops.partition_runs`;
    const fresh = { ...contextFor('late-fresh'), segments: lateSegments };
    await computePartitions(fresh, requests(withLate));
    for (const date of dates) expect(await shaOf(incremental, date)).toBe(await shaOf(fresh, date));
  });

  it('looks at late data once, also where it changes no bytes', async () => {
    const context = contextFor('checked');
    await computePartitions(context, requests());
    const restating = { ...context, segments: lateSegments };
    const plan = (await restatementsOf(restating)).map((request) => ({
      ...request,
      basedOn: undefined,
    }));
    for (const owner of ['one', 'two']) await computePartitions({ ...restating, owner }, plan);
    const unchanged = await computePartitions({ ...restating, owner: 'three' }, plan);
    expect(new Set(unchanged.outcomes.map(({ status }) => status))).toEqual(new Set(['unchanged']));
    await database.sql`update ops.partition_runs set checked_through_batch = null, checked_known_at = null`;
    const again = await restatementsOf(restating);
    await computePartitions({ ...restating, owner: 'four' }, again);
    expect(await restatementsOf(restating)).toEqual([]);
  });

  it('leaves pinned features alone but gives them the label that became known', async () => {
    const context = contextFor('pinned');
    const early = snapshotAt(45, 1);
    const pinned: PartitionRequest = { ...latestRequest('2024-02-01', early), kind: 'pinned' };
    await computePartitions(context, [pinned]);
    expect((await currentPartition(context.store, '2024-02-01'))?.manifest.label_mature).toBe(
      false,
    );
    const plan = await restatementsOf({ ...context, segments: lateSegments });
    expect(plan).toEqual([
      {
        ...pinned,
        label: latestRequest('2024-02-01', withLate).label,
        reason: 'labels matured',
        basedOn: 1,
      },
    ]);
  });

  it('can not compare revisions of loads that came since an audit began', async () => {
    const context = contextFor('audited-late');
    await computePartitions(context, requests().slice(0, 2));
    const audit = auditPartitions({ ...context, scratchDir: scratch.path, lastBatch: 0 });
    expect(await audit).toMatchObject({ equal: 0, mismatched: 0, not_comparable: 2 });
  });

  it('finds a tampered revision in the audit, and only that', async () => {
    const context = contextFor('audit');
    await computePartitions(context, requests().slice(0, 4));
    expect(
      await auditPartitions({ ...context, scratchDir: scratch.path, lastBatch: 1 }),
    ).toMatchObject({
      equal: 4,
      mismatched: 0,
      missing: 0,
      extra: 0,
    });
    appendFileSync(partitionPaths(context.store, '2024-02-02').revisionFile(1), 'x');
    expect(
      await auditPartitions({ ...context, scratchDir: scratch.path, lastBatch: 1 }),
    ).toMatchObject({
      equal: 3,
      mismatched: 1,
      examples: [expect.stringMatching(/^2024-02-02 rev 1: .*rev-0001.parquet$/)],
    });
  });

  it('fails a date that a full disk keeps from being published, not one that is, and changes nothing a reader sees', async () => {
    const context = contextFor('full');
    await computePartitions(context, requests().slice(0, 2));
    const again = requests().map((request) => ({ ...request, kind: 'as-served' as const }));
    const another = { ...onFullDisk(context), owner: 'another' };
    await expect(computePartitions(another, again.slice(0, 3))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    const error = expect.stringMatching(/^STORAGE_UNAVAILABLE: .*the disk is full/);
    const kept = { status: 'succeeded', manifest: { revision: 1 }, error };
    const rows = await context.ledger.list();
    expect(rows).toMatchObject([kept, kept, { status: 'failed', manifest: null, error }]);
    expect(await currentPartition(context.store, '2024-02-03')).toBeUndefined();
  });

  /** No file of a partition can be written. */
  function onFullDisk(context: ComputeContext): ComputeContext {
    const withoutSpace = (duckDb: DuckDb): DuckDb => ({
      ...duckDb,
      run: (sql, signal) =>
        sql.startsWith('COPY')
          ? Promise.reject(new ChurnError('STORAGE_UNAVAILABLE', { problem: 'the disk is full' }))
          : duckDb.run(sql, signal),
      openSingleThreaded: async () => withoutSpace(await duckDb.openSingleThreaded()),
    });
    return { ...context, openDuckDb: async () => withoutSpace(await context.openDuckDb()) };
  }

  async function restatementsOf(context: ComputeContext): Promise<readonly PartitionRequest[]> {
    const duckDb = await context.openDuckDb();
    try {
      const rows = await context.ledger.list();
      return (
        await findRestatements({
          duckDb,
          rows,
          owner: context.owner,
          present: withLate,
          featureSet,
          segments: context.segments,
        })
      ).requests;
    } finally {
      duckDb.close();
    }
  }
});
