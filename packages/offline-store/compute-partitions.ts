import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import {
  ChurnError,
  isChurnError,
  type KnowledgeKind,
  type PartitionManifest,
  type PlannedKnowledge,
} from '../contracts';
import type { DuckDb } from '../duckdb';
import { computeVectors, type FeatureSet, type Grid, type SegmentFiles } from '../features';
import { dayNumber, midnightOf, parseInstant, type LogicalDate } from '../instants';
import { asStorageError } from './durable-files';
import type { Checked, Claim, Ledger } from './ledger';
import { partitionPaths } from './partition-paths';
import {
  countSources,
  keepRevision,
  publishRevision,
  stageRevision,
  type StagedRevision,
} from './publish-revision';

/** One partition to compute: which knowledge its features and its label use, and why. */
export interface PartitionRequest {
  readonly date: LogicalDate;
  readonly kind: KnowledgeKind;
  /** K and S of the features. */
  readonly knownAt: string;
  readonly batch: number;
  /** L, its S and how far the source was complete in it. */
  readonly label: Pick<PlannedKnowledge, 'labelKnownAt' | 'labelBatch' | 'completeThrough'>;
  readonly reason: string;
}

export interface PartitionOutcome {
  readonly date: LogicalDate;
  /** `unchanged`: the bytes are those already published; `skipped`: this owner had done it before. */
  readonly status: 'published' | 'unchanged' | 'skipped' | 'failed';
  readonly revision: number | null;
  readonly rows: number;
  readonly reason: string;
  readonly error?: string;
}

/** Told after each date; `signal` stops the work between dates and inside queries. */
export interface PartitionProgress {
  readonly report?: (done: number, total: number, what: string) => void;
  readonly signal?: AbortSignal;
}

export interface ComputeContext {
  readonly ledger: Ledger;
  readonly featuresDir: string;
  readonly featureSet: FeatureSet;
  readonly segments: SegmentFiles;
  readonly openDuckDb: () => Promise<DuckDb>;
  /** Who claims: a retry of the same owner takes its own claims over at once. */
  readonly owner: string;
}

export interface ComputedPartitions {
  readonly outcomes: readonly PartitionOutcome[];
  /** How often each raw table was scanned. */
  readonly scans: Readonly<Record<string, number>>;
}

/** How many moments one scan serves: bounds memory to users × this many vectors. */
const MOMENTS_PER_SCAN = 31;

/**
 * Computes and publishes partitions: claims each date, computes consecutive dates together, and
 * publishes those whose bytes (or knowledge) changed. Safe to repeat: the same request publishes
 * nothing new. A date that fails is reported, the others go on.
 *
 * @throws ChurnError PARTITION_BUSY when another owner holds a date for longer than its lease.
 */
export async function computePartitions(
  context: ComputeContext,
  requests: readonly PartitionRequest[],
  progress: PartitionProgress = {},
): Promise<ComputedPartitions> {
  const outcomes: PartitionOutcome[] = [];
  const scans: Record<string, number> = {};
  for (const group of groupIntoGrids(requests)) {
    const claims = await claimAll(context, group, progress.signal);
    const stopRenewing = keepRenewing(context.ledger, claims);
    try {
      const computed = await computeGroup(context, group, claims, {
        ...progress,
        onOutcome: (outcome) => {
          outcomes.push(outcome);
          progress.report?.(outcomes.length, requests.length, outcome.date);
        },
      });
      for (const [table, count] of Object.entries(computed))
        scans[table] = (scans[table] ?? 0) + count;
    } finally {
      await stopRenewing();
    }
  }
  return { outcomes, scans };
}

/**
 * Groups of dates that one grid can serve: within 31 days, one label knowledge, K and S never
 * falling. Days in between that are not asked for cost a little, a scan of their own far more.
 */
export function groupIntoGrids(requests: readonly PartitionRequest[]): PartitionRequest[][] {
  const groups: PartitionRequest[][] = [];
  for (const request of [...requests].sort((a, b) => (a.date < b.date ? -1 : 1))) {
    const group = groups.at(-1);
    if (group && canJoin(group, request)) group.push(request);
    else groups.push([request]);
  }
  return groups;
}

function canJoin(group: readonly PartitionRequest[], next: PartitionRequest): boolean {
  const [first] = group;
  const last = group.at(-1);
  if (!first || !last) return false;
  const { labelKnownAt, labelBatch, completeThrough } = first.label;
  return (
    indexIn(group, next) < MOMENTS_PER_SCAN &&
    next.date > last.date &&
    next.knownAt >= last.knownAt &&
    next.batch >= last.batch &&
    next.label.labelKnownAt === labelKnownAt &&
    next.label.labelBatch === labelBatch &&
    next.label.completeThrough === completeThrough
  );
}

/** The moment of a date in its group's grid. */
function indexIn([first]: readonly PartitionRequest[], { date }: { date: LogicalDate }): number {
  return first ? dayNumber(date) - dayNumber(first.date) : 0;
}

export function gridOf(group: readonly PartitionRequest[]): Grid {
  const [first] = group;
  const last = group.at(-1);
  if (!first || !last) throw new RangeError('a grid needs a date');
  const { label } = first;
  const count = indexIn(group, last) + 1;
  return {
    first: midnightOf(first.date),
    count,
    knowledge: Array.from({ length: count }, (_, index) => {
      // A day that is not asked for takes the knowledge of the one before.
      const request = group.findLast((candidate) => indexIn(group, candidate) <= index) ?? first;
      return { at: parseInstant(request.knownAt), batch: request.batch };
    }),
    label: {
      at: parseInstant(label.labelKnownAt),
      batch: label.labelBatch,
      completeThrough: label.completeThrough === null ? null : parseInstant(label.completeThrough),
    },
  };
}

async function claimAll(
  { ledger, owner, featuresDir }: ComputeContext,
  group: readonly PartitionRequest[],
  signal?: AbortSignal,
): Promise<Map<LogicalDate, Claim>> {
  const rows = await ledger.list({ from: group[0]?.date, to: group.at(-1)?.date });
  const mine = new Set(
    rows
      .filter((row) => row.status === 'succeeded' && row.claimedBy === owner)
      .map((row) => row.date),
  );
  const claims = new Map<LogicalDate, Claim>();
  for (const { date } of group) {
    if (mine.has(date)) continue;
    const claim = await claimPatiently(ledger, { date, owner }, signal);
    await removeLeftovers(featuresDir, date);
    claims.set(date, claim);
  }
  return claims;
}

async function claimPatiently(
  ledger: Ledger,
  { date, owner }: { date: LogicalDate; owner: string },
  signal?: AbortSignal,
): Promise<Claim> {
  const pauseMillis = 250;
  const attemptsMax = (2 * ledger.leaseSeconds * 1000) / pauseMillis;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    signal?.throwIfAborted();
    const claim = await ledger.claim(date, owner);
    if (claim) return claim;
    await new Promise((resolve) => setTimeout(resolve, pauseMillis));
  }
  throw new ChurnError('PARTITION_BUSY', { date });
}

/** What a killed attempt left under temporary names; the claim says nobody else is writing here. */
async function removeLeftovers(featuresDir: string, date: LogicalDate): Promise<void> {
  const { revisionsDirectory, dayFile } = partitionPaths(featuresDir, date);
  for (const directory of [revisionsDirectory, path.dirname(dayFile)]) {
    const names = await readdir(directory).catch(() => []);
    const prefix = directory === revisionsDirectory ? '' : path.basename(dayFile);
    const leftovers = names.filter(
      (name) => name.startsWith(`.${prefix}`) && name.includes('.tmp-'),
    );
    await Promise.all(leftovers.map((name) => rm(path.join(directory, name), { force: true })));
  }
}

function keepRenewing(ledger: Ledger, claims: Map<LogicalDate, Claim>): () => Promise<void> {
  let renewal = Promise.resolve();
  const timer = setInterval(() => {
    renewal = ledger.renew([...claims.values()]).catch(() => {});
  }, ledger.leaseSeconds * 300);
  return async () => {
    clearInterval(timer);
    await renewal;
  };
}

type GroupProgress = PartitionProgress & {
  readonly onOutcome: (outcome: PartitionOutcome) => void;
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
      status: 'skipped',
      revision: null,
      rows: 0,
      reason: request.reason,
    });
  }
  if (claims.size === 0) return {};
  let duckDb: DuckDb | undefined;
  try {
    duckDb = await context.openDuckDb();
    await mkdir(context.featuresDir, { recursive: true });
    const { featureSet, segments } = context;
    const grid = gridOf(group);
    const { scans } = await computeVectors(duckDb, {
      featureSet,
      grid,
      segments,
      signal: progress.signal,
    });
    const countsOf = countingOnce(duckDb, segments);
    for (const request of group) {
      const index = indexIn(group, request);
      progress.signal?.throwIfAborted();
      const claim = claims.get(request.date);
      if (!claim) continue;
      const sourceCounts = await countsOf(request.batch);
      progress.onOutcome(
        await publishOne(context, { duckDb, index, request, claim, sourceCounts }),
      );
      claims.delete(request.date);
    }
    return scans;
  } catch (error) {
    await releaseAll(context.ledger, claims, error, progress.signal);
    throw asStorageError(error);
  } finally {
    duckDb?.close();
  }
}

async function releaseAll(
  ledger: Ledger,
  claims: Map<LogicalDate, Claim>,
  error: unknown,
  signal?: AbortSignal,
): Promise<void> {
  for (const claim of claims.values()) {
    const status = !signal?.aborted ? 'failed' : claim.published ? 'succeeded' : 'cancelled';
    await ledger.release(claim, { status, error: messageOf(error) }).catch(() => {});
  }
  claims.clear();
}

/** Source counts per batch; the dates of a group mostly share one. */
function countingOnce(duckDb: DuckDb, segments: SegmentFiles) {
  const counted = new Map<number, Promise<Record<string, number>>>();
  return (batch: number) => {
    const known = counted.get(batch) ?? countSources(duckDb, segments, batch);
    counted.set(batch, known);
    return known;
  };
}

interface PublishOptions {
  readonly duckDb: DuckDb;
  readonly index: number;
  readonly request: PartitionRequest;
  readonly claim: Claim;
  readonly sourceCounts: Readonly<Record<string, number>>;
}

async function publishOne(
  context: ComputeContext,
  options: PublishOptions,
): Promise<PartitionOutcome> {
  const { request, claim } = options;
  const { date, reason } = request;
  try {
    const staged = await stageRevision(context, options);
    if (!isNews(claim.published, staged.manifest)) {
      await keepRevision(context, { staged, claim });
      await context.ledger.release(claim, {
        status: 'succeeded',
        checked: checkedBy(request),
      });
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
    const error = asStorageError(thrown);
    if (
      isChurnError(error) &&
      (error.code === 'STORAGE_UNAVAILABLE' || error.code === 'POSTGRES_UNAVAILABLE')
    )
      throw error;
    await context.ledger.release(claim, { status: 'failed', error: messageOf(error) });
    return { date, status: 'failed', revision: null, rows: 0, reason, error: messageOf(error) };
  }
}

async function publish(
  context: ComputeContext,
  staged: StagedRevision,
  request: PartitionRequest,
  claim: Claim,
): Promise<PartitionOutcome> {
  await publishRevision(context, { staged, claim, checked: checkedBy(request) });
  const { revision, rows } = staged.manifest;
  return { date: request.date, status: 'published', revision, rows, reason: request.reason };
}

function checkedBy({ batch, knownAt, label }: PartitionRequest): Checked {
  const { labelBatch, labelKnownAt } = label;
  return {
    batch: Math.max(batch, labelBatch),
    knownAt: knownAt > labelKnownAt ? knownAt : labelKnownAt,
  };
}

/** Equal bytes make no revision, unless the knowledge they stand for changed its kind. */
function isNews(published: PartitionManifest | null, next: PartitionManifest): boolean {
  return (
    published?.sha256 !== next.sha256 ||
    published.knowledge !== next.knowledge ||
    published.schema_hash !== next.schema_hash ||
    (next.knowledge === 'pinned' && published.known_at !== next.known_at)
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 500) : String(error);
}
