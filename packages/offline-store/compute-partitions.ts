import type { ComputeContext, PublishOutcome, PartitionRequest } from './partition-request';
import { mkdir } from 'node:fs/promises';
import { isChurnError, type ErrorCode, type PartitionManifest, type Progress } from '../contracts';
import type { DuckDb } from '../duckdb';
import type { FeatureSet, MomentVectors, Segments } from '../features';
import { midnightOf, type EpochMicros, type LogicalDate } from '../instants';
import { claimDates, keepRenewing } from './claim-dates';
import { withWriters } from './vectors/compute-grid';
import { asStorageError } from '../durable-files';
import { groupIntoGrids, indexIn, momentsPerScan } from './vectors/group-into-grids';
import { keepLabels } from './vectors/keep-labels';
import type { Checked, Claim, Ledger } from './ledger';
import { findRevisionFile } from './partition-paths';
import {
  countEvents,
  countSources,
  keepRevision,
  publishRevision,
  stageRevision,
  type StagedRevision,
} from './publish-revision';
import { isStale } from './select-dates';
import { createContentHasher } from './vectors/vector-writer';
import type { WriterPool } from './vectors/writer-pool';

export interface ComputedPartitions {
  readonly outcomes: readonly PublishOutcome[];
  /** How often each raw table was scanned. */
  readonly scans: Readonly<Record<string, number>>;
}

export type ComputeProgress = Partial<Progress> & {
  readonly onOutcome?: (outcome: PublishOutcome) => void;
  readonly giveWay?: () => Promise<void>;
};

/**
 * Computes and publishes partitions: claims each date, computes consecutive dates together, and
 * publishes those whose bytes (or knowledge) changed. Safe to repeat: the same request publishes
 * nothing new. A date that fails is reported, the others go on.
 *
 * @param progress  Told after each date; its signal stops the work between dates and inside queries.
 *   `onOutcome` is told what became of the date, too, and `giveWay` is awaited before each piece.
 * @returns The outcomes in the order of the dates.
 * @throws ChurnError PARTITION_BUSY when another owner holds a date for longer than its lease.
 */
export async function computePartitions(
  context: ComputeContext,
  requests: readonly PartitionRequest[],
  progress: ComputeProgress = {},
): Promise<ComputedPartitions> {
  const outcomes: PublishOutcome[] = [];
  const scans: Record<string, number> = {};
  const moments = momentsPerScan(await countEvents(context, requests));
  for (const group of groupIntoGrids(requests, moments)) {
    const claims = new Map<LogicalDate, Claim>();
    const stopRenewing = keepRenewing(context.ledger, claims);
    try {
      const overtaken = await claimGroup(context, group, { claims, signal: progress.signal });
      const computed = await computeGroup(context, group, claims, {
        ...progress,
        overtaken,
        onOutcome: (outcome) => {
          outcomes.push(outcome);
          progress.onOutcome?.(outcome);
          progress.report?.({ what: outcome.date, done: outcomes.length, total: requests.length });
        },
      });
      for (const [table, count] of Object.entries(computed))
        scans[table] = (scans[table] ?? 0) + count;
    } finally {
      await stopRenewing();
    }
  }
  return { outcomes: outcomes.sort((a, b) => (a.date < b.date ? -1 : 1)), scans };
}

async function claimGroup(
  context: ComputeContext,
  group: readonly PartitionRequest[],
  options: { claims: Map<LogicalDate, Claim>; signal?: AbortSignal },
): Promise<ReadonlySet<LogicalDate>> {
  try {
    return await claimDates(context, group, options);
  } catch (error) {
    // Nothing is wrong with those that are held already.
    await releaseAll(context.ledger, options.claims, { error, isFailure: false });
    throw error;
  }
}

type GroupProgress = ComputeProgress & {
  readonly overtaken: ReadonlySet<LogicalDate>;
  readonly onOutcome: (outcome: PublishOutcome) => void;
};

async function computeGroup(
  context: ComputeContext,
  group: readonly PartitionRequest[],
  claims: Map<LogicalDate, Claim>,
  progress: GroupProgress,
): Promise<Readonly<Record<string, number>>> {
  for (const request of group.filter(({ date }) => !claims.has(date))) {
    progress.onOutcome({
      date: request.date,
      status: progress.overtaken.has(request.date) ? 'overtaken' : 'skipped',
      revision: null,
      rows: 0,
      reason: request.reason,
    });
  }
  // What a stopped attempt has done costs its next one nothing.
  const claimed = group.filter(({ date }) => claims.has(date));
  if (claimed.length === 0) return {};
  try {
    await mkdir(context.store.features, { recursive: true });
    const { signal, giveWay } = progress;
    const options = { group: claimed, signal, giveWay };
    return await withWriters(context, options, async ({ duckDb, vectors, pool }) => {
      const countsOf = countingOnce(duckDb, context.segments);
      const contentHash = createContentHasher(context.featureSet, vectors);
      for (const request of claimed) {
        signal?.throwIfAborted();
        const claim = claims.get(request.date);
        if (!claim) continue;
        await giveWay?.();
        const moment = vectors.vectorsAt(indexIn(claimed, request));
        const sourceCounts = await countsOf(request.known.batch);
        const shared = { duckDb, pool, contentHash, sourceCounts, signal };
        await pool.tasks.add(async () => {
          const outcome = await publishOne(context, { ...shared, vectors: moment, request, claim });
          moment.release();
          claims.delete(request.date);
          progress.onOutcome(outcome);
        });
      }
      await pool.tasks.drain();
      signal?.throwIfAborted();
      return vectors.scans;
    });
  } catch (error) {
    const isFailure = !progress.signal?.aborted;
    await releaseAll(context.ledger, claims, { error, isFailure });
    throw asStorageError(error);
  }
}

async function releaseAll(
  ledger: Ledger,
  claims: Map<LogicalDate, Claim>,
  { error, isFailure }: { error: unknown; isFailure: boolean },
): Promise<void> {
  for (const claim of claims.values()) {
    const status = statusAfter(claim, { error, isFailure });
    await ledger.release(claim, { status, error: messageOf(error) }).catch(() => {});
  }
  claims.clear();
}

/** Of a date that has a revision nothing is lost where the error is not its own. */
function statusAfter(
  { published }: Claim,
  { error, isFailure }: { error: unknown; isFailure: boolean },
): 'succeeded' | 'failed' | 'cancelled' {
  if (published && (!isFailure || isOfEveryDate(asStorageError(error)))) return 'succeeded';
  return isFailure ? 'failed' : 'cancelled';
}

/** Source counts per batch; the dates of a group mostly share one. */
function countingOnce(duckDb: DuckDb, segments: Segments) {
  const counted = new Map<number, Promise<Record<string, number>>>();
  return (batch: number) => {
    const known = counted.get(batch) ?? countSources(duckDb, segments, batch);
    counted.set(batch, known);
    return known;
  };
}

interface PublishOneOptions {
  readonly pool: WriterPool;
  readonly duckDb: DuckDb;
  readonly vectors: MomentVectors;
  readonly contentHash: (vectors: MomentVectors, at: EpochMicros) => string;
  readonly signal?: AbortSignal;
  readonly request: PartitionRequest;
  readonly claim: Claim;
  readonly sourceCounts: Readonly<Record<string, number>>;
}

async function keepPublishedLabels(
  { store, featureSet }: ComputeContext,
  { duckDb, vectors, request, claim }: PublishOneOptions,
): Promise<void> {
  const manifest = claim.published;
  if (!manifest) throw new RangeError(`nothing of ${request.date} is published to add a state to`);
  const path = findRevisionFile(store, request.date, manifest.revision);
  await keepLabels(duckDb, featureSet, { vectors, published: { manifest, path } });
}

/** What keeps every date from being written is no failure of the one that met it first. */
const notOfOneDate: ReadonlySet<ErrorCode> = new Set([
  'STORAGE_UNAVAILABLE',
  'POSTGRES_UNAVAILABLE',
  'DUCKDB_OUT_OF_MEMORY',
]);

function isOfEveryDate(error: unknown): boolean {
  return isChurnError(error) && notOfOneDate.has(error.code);
}

async function publishOne(
  context: ComputeContext,
  options: PublishOneOptions,
): Promise<PublishOutcome> {
  const { pool, vectors, request, claim, signal } = options;
  const { date, reason } = request;
  const at = midnightOf(date);
  const write = (file: string) =>
    pool.withWriter((writer) => writer.write(vectors, at, file, signal));
  try {
    if (request.addsState) await keepPublishedLabels(context, options);
    const { rows } = vectors;
    const contentHash = options.contentHash(vectors, at);
    const staged = await stageRevision(context, { ...options, contentHash, write, rows });
    if (!isNews(claim.published, staged.manifest, context.featureSet)) {
      await keepRevision(context, { staged, claim, checked: checkedBy(request) });
      return {
        date,
        status: 'unchanged',
        revision: claim.published?.revision ?? null,
        rows: staged.manifest.rows,
        reason,
      };
    }
    return await publish(context, staged, request, claim);
  } catch (thrown) {
    // Interrupted, not failed: tried again, or recorded as cancelled.
    if (signal?.aborted) throw thrown;
    const error = asStorageError(thrown);
    if (isOfEveryDate(error)) throw error;
    await context.ledger.release(claim, { status: 'failed', error: messageOf(error) });
    return { date, status: 'failed', revision: null, rows: 0, reason, error: messageOf(error) };
  }
}

async function publish(
  context: ComputeContext,
  staged: StagedRevision,
  request: PartitionRequest,
  claim: Claim,
): Promise<PublishOutcome> {
  await publishRevision(context, { staged, claim, checked: checkedBy(request) });
  const { revision, rows } = staged.manifest;
  return { date: request.date, status: 'published', revision, rows, reason: request.reason };
}

function checkedBy({ known, label, addsState }: PartitionRequest): Checked {
  if (addsState) return { ...known, scope: 'state' };
  return {
    batch: Math.max(known.batch, label.batch),
    at: known.at > label.at ? known.at : label.at,
  };
}

/** Equal bytes make no revision, unless what they mean, or the kind of their knowledge, changed. */
function isNews(
  published: PartitionManifest | null,
  next: PartitionManifest,
  featureSet: FeatureSet,
): boolean {
  return (
    published?.sha256 !== next.sha256 ||
    published.knowledge !== next.knowledge ||
    isStale(published, featureSet) ||
    (next.knowledge === 'pinned' && published.known_at !== next.known_at)
  );
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (isChurnError(error) ? `${error.code}: ${message}` : message).slice(0, 500);
}
