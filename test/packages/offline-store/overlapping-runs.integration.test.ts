import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dataPaths } from '../../../packages/config/data-paths';
import type { Segments } from '../../../packages/features/segments';
import { featureSet } from '../../../packages/features/feature-set';
import { computePartitions } from '../../../packages/offline-store/compute-partitions';
import type {
  ComputeContext,
  PartitionRequest,
} from '../../../packages/offline-store/partition-request';
import { findRestatements } from '../../../packages/offline-store/restatement/find-restatements';
import { createLedger, type Ledger } from '../../../packages/offline-store/ledger';
import { currentPartition } from '../../../packages/offline-store/manifests';
import { partitionPaths } from '../../../packages/offline-store/partition-paths';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { writeRawLog } from '../features/raw-log-fixture';
import { latestRequest, smallWorld, snapshotAt } from './small-world';

const A = '2024-02-18';
const B = '2024-02-19';
const before = snapshotAt(80, 1);
const after = snapshotAt(82, 2);

const scratch = createScratchDirectory();
let database: TestDatabase;
let segments: Segments;
let folders = 0;
let context: ComputeContext;
let ledger: Ledger;

beforeAll(async () => {
  database = await createTestDatabase();
  const duckDb = await openTestDuckDb(scratch.path);
  segments = await writeRawLog(duckDb, scratch.path, smallWorld({ late: true }));
  duckDb.close();
});

beforeEach(async () => {
  await database.sql`truncate ops.partition_runs`;
  ledger = createLedger(database);
  context = {
    ledger,
    store: dataPaths(`${scratch.path}/${(folders += 1)}`),
    featureSet,
    segments,
    openDuckDb: () => openTestDuckDb(scratch.path),
    owner: 'this run',
  };
});

afterAll(async () => {
  await database.drop();
  scratch.remove();
});

const requestsFor = (snapshot = after) => [A, B].map((date) => latestRequest(date, snapshot));
const by = (owner: string): ComputeContext => ({ ...context, owner });
const rowOf = async (date: string) => (await ledger.list({ from: date, to: date }))[0];

async function compute(by: ComputeContext, requests: readonly PartitionRequest[]) {
  const { outcomes } = await computePartitions(by, requests);
  return outcomes.map(({ status, revision }) => `${status} ${revision}`);
}

async function planned(by: ComputeContext) {
  const duckDb = await openTestDuckDb(scratch.path);
  const rows = await ledger.list();
  const { owner } = by;
  const options = { duckDb, rows, owner, present: after, featureSet, segments };
  return findRestatements(options).finally(() => duckDb.close());
}

describe('a run that is interrupted', () => {
  const interrupt = () => {
    const stopping = new AbortController();
    const openDuckDb = () => {
      stopping.abort(new Error('shut down'));
      return openTestDuckDb(scratch.path);
    };
    const { signal } = stopping;
    return computePartitions({ ...context, openDuckDb }, requestsFor(), { signal });
  };

  it('does all dates when it is tried again, also those that others had published', async () => {
    await compute(by('another'), requestsFor(before));
    await expect(interrupt()).rejects.toThrow('shut down');
    expect(await rowOf(A)).toMatchObject({ status: 'succeeded', claimedBy: null });
    expect(await ledger.countPublishedBy(context.owner)).toBe(0);
    expect(await compute(context, requestsFor())).toEqual(['published 2', 'published 2']);
    expect(await compute(context, requestsFor())).toEqual(['skipped null', 'skipped null']);
  });

  it('leaves dates cancelled that nobody had published', async () => {
    await expect(interrupt()).rejects.toThrow('shut down');
    expect(await rowOf(A)).toMatchObject({ status: 'cancelled', claimedBy: null });
  });

  it('has not failed at a date that it was publishing', async () => {
    const stopping = new AbortController();
    const whileHolding = (): Promise<never> => {
      stopping.abort(new Error('shut down'));
      return Promise.reject(new Error('interrupted'));
    };
    const failing = { ...context, ledger: { ...ledger, whileHolding } };
    const { signal } = stopping;
    await expect(computePartitions(failing, requestsFor(), { signal })).rejects.toThrow();
    expect([await rowOf(A), await rowOf(B)].map((row) => row?.status)).toEqual([
      'cancelled',
      'cancelled',
    ]);
  });

  it('takes up what its first attempt still holds', async () => {
    await compute(by('another'), requestsFor(before));
    await ledger.claimAll([A, B], context.owner);
    const { requests } = await planned(context);
    expect(requests.map(({ date }) => date)).toEqual([A, B]);
    expect((await planned(by('a third'))).requests).toEqual([]);
  });
});

describe('a run that another overtakes', () => {
  it('does not put earlier knowledge in the place of later', async () => {
    await compute(by('another'), requestsFor(after));
    expect(await compute(context, requestsFor(before))).toEqual([
      'overtaken null',
      'overtaken null',
    ]);
    expect(await rowOf(A)).toMatchObject({ status: 'succeeded', claimedBy: null });
    const current = await currentPartition(context.store, A);
    expect(current?.manifest).toMatchObject({ revision: 1, batch: 2 });
  });

  it('does not restate what has been published since it was planned', async () => {
    const pinned = requestsFor(before).map((request) => ({ ...request, kind: 'pinned' as const }));
    await compute(by('another'), requestsFor(before));
    const { requests } = await planned(context);
    await compute(by('a third'), pinned);
    expect(await compute(context, requests)).toEqual(['overtaken null', 'overtaken null']);
    expect((await rowOf(A))?.manifest).toMatchObject({ revision: 2, knowledge: 'pinned' });
  });

  it('records what a killed one published but did not record, and plans nothing more', async () => {
    await compute(by('another'), requestsFor(before));
    const recorded = await ledger.list();
    const { requests } = await planned(context);
    await compute(context, requests);
    await database.sql`truncate ops.partition_runs`;
    for (const { manifest } of recorded) await ledger.restore(manifest!);
    expect(await compute(context, requests)).toEqual(['overtaken null', 'overtaken null']);
    const current = await currentPartition(context.store, A);
    expect((await rowOf(A))?.manifest).toEqual(current?.manifest);
    expect(current?.manifest.revision).toBe(2);
    expect((await planned(by('a third'))).requests).toEqual([]);
  });

  it('puts no earlier revision back over a later one', async () => {
    await compute(by('another'), requestsFor(before));
    const earlier = (await rowOf(A))!.manifest!;
    await compute(context, requestsFor());
    expect(await ledger.restore(earlier)).toBe(false);
    expect((await rowOf(A))?.manifest).toMatchObject({ revision: 2 });
  });

  it('notes nothing of a date that was published since, and looks at it next time', async () => {
    const pinned = requestsFor(before).map((request) => ({ ...request, kind: 'pinned' as const }));
    await compute(by('another'), pinned);
    const { untouched } = await planned(context);
    expect(untouched.map(({ date }) => date)).toEqual([A, B]);
    await compute(by('a third'), requestsFor(before).slice(0, 1));
    await ledger.noteChecked(untouched, { batch: 2, at: after.at });
    expect((await rowOf(A))?.checkedThroughBatch).toBe(1);
    expect((await rowOf(B))?.checkedThroughBatch).toBe(2);
    expect((await planned(context)).requests.map(({ date }) => date)).toEqual([A]);
  });

  it('notes what is published also where the last attempt failed', async () => {
    await compute(by('another'), requestsFor(after));
    const [claim] = await ledger.claimAll([A], 'a third');
    await ledger.release(claim!, { status: 'failed', error: 'no space' });
    const { untouched } = await planned(context);
    await ledger.noteChecked(untouched, { batch: 3, at: after.at });
    expect((await rowOf(A))?.checkedThroughBatch).toBe(3);
  });
});

it('leaves alone what a later claim has begun to write, not what earlier ones have left', async () => {
  const { revisionsDirectory } = partitionPaths(context.store, A);
  mkdirSync(revisionsDirectory, { recursive: true });
  const files = ['.rev-0009.parquet', '.day'].map((name) => `${revisionsDirectory}/${name}`);
  for (const file of files) for (const token of [1, 12]) writeFileSync(`${file}.tmp-${token}`, '');
  await compute(context, requestsFor());
  expect(files.map((file) => existsSync(`${file}.tmp-1`))).toEqual([false, false]);
  expect(files.map((file) => existsSync(`${file}.tmp-12`))).toEqual([true, true]);
});

describe('a run that waits for a date that another holds', () => {
  it('keeps its other claims alive', async () => {
    const [held] = await ledger.claimAll([B], 'another');
    const short = createLedger(database, { leaseSeconds: 1 });
    let renewals = 0;
    const renew: Ledger['renew'] = async (claims) => {
      await short.renew(claims);
      renewals += Number(claims.some(({ date }) => date === A));
      // More than a lease.
      if (renewals === 4) await ledger.release(held!, { status: 'failed' });
    };
    const waiting = { ...context, ledger: { ...short, renew } };
    expect(await compute(waiting, requestsFor())).toEqual(['published 1', 'published 1']);
  });

  it('gives its other claims back when it waits in vain', async () => {
    await compute(by('another'), requestsFor(before).slice(0, 1));
    await ledger.claimAll([B], 'another');
    const short = createLedger(database, { leaseSeconds: 0.3 });
    const waiting = computePartitions({ ...context, ledger: short }, requestsFor());
    await expect(waiting).rejects.toMatchObject({ code: 'PARTITION_BUSY' });
    expect(await rowOf(A)).toMatchObject({ status: 'succeeded', claimedBy: null });
  });
});
