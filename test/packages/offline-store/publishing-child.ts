import { promises, writeSync, type PathLike } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import { openDatabase } from '../../../packages/database/open-database';
import { openDuckDb } from '../../../packages/duckdb/open-duckdb';
import type { Segment, Segments } from '../../../packages/features/segments';
import { featureSet } from '../../../packages/features/feature-set';
import { computePartitions } from '../../../packages/offline-store/compute-partitions';
import type { PartitionRequest } from '../../../packages/offline-store/partition-request';
import { createLedger, type Ledger } from '../../../packages/offline-store/ledger';
import { partitionPaths } from '../../../packages/offline-store/partition-paths';

/** The moments of one date's publication at which the child can be stopped, in their order. */
export const publishSteps = [
  'the claim was made',
  'the staged file was written',
  'the staged file was synced',
  'the manifest was written',
  'the manifest was synced',
  'the link is about to be made',
  'the link was made',
  'the ledger row is about to be held',
  'the ledger row is held',
  'the revision file was renamed',
  'the manifest was renamed',
  "the day's file was renamed",
  'the ledger was updated',
  'the transaction was committed',
] as const;

export type PublishStep = (typeof publishSteps)[number];

/** What a child is told, as JSON in its first argument. */
export interface ChildOrders {
  readonly databaseUrl: string;
  readonly dataDir: string;
  /** What DuckDB may read and write. */
  readonly directory: string;
  /** Per raw table, the segments of batches 1, 2, … */
  readonly segments: Readonly<Record<Parameters<Segments>[0], readonly Segment[]>>;
  readonly requests: readonly PartitionRequest[];
  readonly owner: string;
  readonly leaseSeconds: number;
  /** SIGKILL is how the kernel ends it, SIGSTOP makes a zombie that a SIGCONT wakes. */
  readonly stop: {
    readonly step: PublishStep;
    readonly date: string;
    readonly signal: 'SIGKILL' | 'SIGSTOP';
  };
}

type Reach = (step: PublishStep, date: string) => void;

/** Stops this process with the ordered signal, once, at the ordered step of the ordered date. */
function stopAt({ stop }: ChildOrders): Reach {
  let hasStopped = false;
  return (step, date) => {
    if (hasStopped || step !== stop.step || date !== stop.date) return;
    hasStopped = true;
    writeSync(1, 'stopped\n');
    process.kill(process.pid, stop.signal);
  };
}

/** Wraps the calls by which files of one date get to the disk and to their names. */
function watchFiles({ dataDir, stop: { date } }: ChildOrders, reach: Reach): void {
  const { open, rename, link } = { ...promises };
  const { dayFile, revisionsDirectory } = partitionPaths(dataPaths(dataDir), date);
  const isStaged = (file: string) =>
    path.dirname(file) === revisionsDirectory && path.basename(file).startsWith('.');
  const kindOf = (file: string) =>
    /manifest|json/.test(path.basename(file)) ? 'manifest' : 'file';

  const watchSync = (handle: FileHandle, file: string): FileHandle => {
    if (!isStaged(file)) return handle;
    const what = kindOf(file) === 'manifest' ? 'the manifest' : 'the staged file';
    const watched = (sync: () => Promise<void>) => async () => {
      reach(`${what} was written`, date);
      await sync();
      reach(`${what} was synced`, date);
    };
    return Object.assign(handle, {
      sync: watched(handle.sync.bind(handle)),
      datasync: watched(handle.datasync.bind(handle)),
    });
  };
  Object.assign(promises, {
    open: async (...args: Parameters<typeof open>) =>
      watchSync(await open(...args), String(args[0])),
    rename: async (from: PathLike, to: PathLike) => {
      await rename(from, to);
      if (path.dirname(String(to)) === revisionsDirectory) {
        const what = kindOf(String(to)) === 'manifest' ? 'the manifest' : 'the revision file';
        reach(`${what} was renamed`, date);
      }
      if (to === dayFile) reach("the day's file was renamed", date);
    },
    link: async (from: PathLike, to: PathLike) => {
      const isOfDate = path.dirname(String(to)) === revisionsDirectory;
      if (isOfDate) reach('the link is about to be made', date);
      await link(from, to);
      if (isOfDate) reach('the link was made', date);
    },
  });
}

function watchedLedger(ledger: Ledger, reach: Reach): Ledger {
  return {
    ...ledger,
    claimAll: async (dates, owner) => {
      const claims = await ledger.claimAll(dates, owner);
      for (const { date } of claims) reach('the claim was made', date);
      return claims;
    },
    whileHolding: async (claim, work) => {
      reach('the ledger row is about to be held', claim.date);
      const result = await ledger.whileHolding(claim, (tx) => {
        reach('the ledger row is held', claim.date);
        return work(tx);
      });
      reach('the transaction was committed', claim.date);
      return result;
    },
    recordPublication: async (tx, manifest, checked) => {
      await ledger.recordPublication(tx, manifest, checked);
      reach('the ledger was updated', manifest.date);
    },
  };
}

/** Publishes as the product does, stops where it is told, and prints what became of each date. */
async function main(orders: ChildOrders): Promise<void> {
  const reach = stopAt(orders);
  watchFiles(orders, reach);
  const { databaseUrl, dataDir, directory, leaseSeconds, owner, segments } = orders;
  const database = openDatabase(databaseUrl);
  const { outcomes } = await computePartitions(
    {
      ledger: watchedLedger(createLedger(database, { leaseSeconds }), reach),
      store: dataPaths(dataDir),
      featureSet,
      segments: (table, throughBatch) => segments[table].slice(0, throughBatch),
      openDuckDb: () =>
        openDuckDb({
          allowedDirectories: [directory],
          scratchDirectory: path.join(directory, 'scratch'),
          memoryMegabytes: 1024,
          threads: 1,
        }),
      owner,
    },
    orders.requests,
  );
  writeSync(1, `${JSON.stringify(outcomes)}\n`);
  await database.close();
}

if (require.main === module) void main(JSON.parse(process.argv[2]!) as ChildOrders);
