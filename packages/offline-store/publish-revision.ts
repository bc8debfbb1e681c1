import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError, type PartitionManifest } from '../contracts';
import type { DuckDb } from '../duckdb';
import { countRows, type FeatureSet, type Segments } from '../features';
import {
  formatInstant,
  MICROS_PER_DAY,
  midnightOf,
  parseInstant,
  type LogicalDate,
} from '../instants';
import type { TransactionSql } from '../database';
import type { GridContext } from './partition-request';
import type { PartitionRequest } from './partition-request';
import {
  describeFile,
  linkInPlaceOf,
  sha256OfFile,
  syncToDisk,
  systemCode,
  writeDurably,
} from '../durable-files';
import type { Checked, Claim, Ledger } from './ledger';
import {
  partitionPaths,
  temporaryPaths,
  type StorePaths,
  type TemporaryPaths,
} from './partition-paths';

/** Changes when the writer would write other bytes for the same rows. */
export const writerVersion = 'duckdb-1.5.6/parquet-1/zstd-1/122880';

interface StoreContext {
  readonly store: StorePaths;
  readonly featureSet: FeatureSet;
  readonly segments: Segments;
}

/** A revision written beside those there are, under temporary names. */
export interface StagedRevision {
  readonly manifest: PartitionManifest;
  readonly temporary: TemporaryPaths;
  discard(): Promise<void>;
}

/** Has the vectors of one moment written to a temporary Parquet file, and describes them. */
export async function stageRevision(
  context: StoreContext,
  options: {
    write: (file: string) => Promise<void>;
    rows: number;
    contentHash: string;
    request: PartitionRequest;
    claim: Claim;
    sourceCounts: Readonly<Record<string, number>>;
  },
): Promise<StagedRevision> {
  const { write, rows, request, claim } = options;
  const paths = partitionPaths(context.store, request.date);
  const revision = Math.max(claim.published?.revision ?? 0, claim.damagedRevision ?? 0) + 1;
  const temporary = temporaryPaths(paths, claim.fencingToken);
  for (const folder of [paths.revisionsDirectory, path.dirname(paths.dayFile)]) {
    await mkdir(folder, { recursive: true });
  }
  await write(temporary.revisionFile);
  const manifest: PartitionManifest = {
    format_version: 1,
    date: request.date,
    feature_time: formatInstant(midnightOf(request.date)),
    revision,
    ...knowledgeFields(request, context.featureSet),
    rows,
    content_hash: options.contentHash,
    ...(await describeFile(temporary.revisionFile)),
    schema_hash: context.featureSet.schemaHash,
    definition_hashes: context.featureSet.definitionHashes,
    source_counts: options.sourceCounts,
    writer_version: writerVersion,
    reason: request.reason,
  };
  return { manifest, temporary, discard: () => removeAll(Object.values(temporary)) };
}

function knowledgeFields(
  { kind, known, label, date }: PartitionRequest,
  { label: definition }: FeatureSet,
) {
  const horizonEnd = midnightOf(date) + BigInt(definition.horizonDays) * MICROS_PER_DAY;
  const isKnownBy = (instant: string | null) =>
    instant !== null && horizonEnd <= parseInstant(instant);
  return {
    knowledge: kind,
    known_at: known.at,
    batch: known.batch,
    label_known_at: label.at,
    label_batch: label.batch,
    label_complete_through: label.completeThrough,
    label_mature: isKnownBy(label.at) && isKnownBy(label.completeThrough),
  };
}

/** How many rows of each raw table the batches up to one hold. */
export async function countSources(
  duckDb: DuckDb,
  segments: Segments,
  batch: number,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of ['users', 'user_events', 'billing_events', 'plan_changes'] as const) {
    counts[table] = await countRows(duckDb, segments(table, batch), batch);
  }
  return counts;
}

/** How many events the batches that requests may see hold. */
export async function countEvents(
  { openDuckDb, segments }: Pick<GridContext, 'openDuckDb' | 'segments'>,
  requests: readonly PartitionRequest[],
): Promise<number> {
  const batch = Math.max(0, ...requests.map((request) => request.known.batch));
  if (batch === 0) return 0;
  const duckDb = await openDuckDb();
  try {
    return await countRows(duckDb, segments('user_events', batch), batch);
  } finally {
    duckDb.close();
  }
}

/**
 * Makes a staged revision the current one. All its files get to the disk under temporary names; then,
 * holding the ledger row and having checked the fencing token, they are renamed, the day's file last,
 * and the ledger updated. Killed anywhere, readers see the old file or the new one.
 *
 * @throws ChurnError FENCED_OUT when a later claim was made; nothing a reader sees has changed.
 */
export async function publishRevision(
  context: StoreContext & { readonly ledger: Ledger },
  { staged, claim, checked }: PublishOptions,
): Promise<void> {
  await putOnDisk(staged, staged.manifest);
  await holding(context, { staged, claim }, async (tx) => {
    await putInPlace(context, staged, staged.manifest);
    await context.ledger.recordPublication(tx, staged.manifest, checked);
  });
}

interface PublishOptions {
  readonly staged: StagedRevision;
  readonly claim: Claim;
  readonly checked: Checked;
}

/**
 * For a staged revision whose bytes are those published already: discards it, or, where a published
 * file was damaged or lost, puts the bytes back under the number they were published with. A
 * revision that readers see, but that a killed attempt did not get to record, is recorded; one that
 * nobody ever saw is removed.
 *
 * @throws ChurnError FENCED_OUT as in `publishRevision`.
 */
export async function keepRevision(
  context: StoreContext & { readonly ledger: Ledger },
  { staged, claim, checked }: PublishOptions,
): Promise<void> {
  const manifest = claim.published;
  if (!manifest) throw new RangeError('nothing is published that could be kept');
  const isWhole = await isIntact(context, manifest);
  const unseen = await unseenRevision(context, manifest);
  if (isWhole) await staged.discard();
  else await putOnDisk(staged, manifest);
  if (isWhole && claim.isRecorded && unseen.length === 0) {
    return context.ledger.release(claim, { status: 'succeeded', checked });
  }
  await holding(context, { staged, claim }, async (tx) => {
    await removeAll(unseen);
    if (!isWhole) await putInPlace(context, staged, manifest);
    await context.ledger.recordPublication(tx, manifest, checked);
  });
}

async function isIntact(
  { store }: StoreContext,
  { date, revision, sha256 }: PartitionManifest,
): Promise<boolean> {
  const paths = partitionPaths(store, date);
  const files = [paths.revisionFile(revision), paths.dayFile];
  const found = await Promise.all(files.map((file) => sha256OfFile(file).catch(() => undefined)));
  return found.every((hash) => hash === sha256);
}

/** The files that a killed attempt left under the next number, the manifest first. */
async function unseenRevision(
  { store }: StoreContext,
  { date, revision }: PartitionManifest,
): Promise<string[]> {
  const paths = partitionPaths(store, date);
  const names = await readdir(paths.revisionsDirectory);
  const next = [paths.manifestFile(revision + 1), paths.revisionFile(revision + 1)];
  return next.filter((file) => names.includes(path.basename(file)));
}

/**
 * Has revision, manifest and a link for the day's file on disk, before the ledger row is held. The
 * next claim removes them all: a zombie that wakes up when its transaction is long over has nothing
 * left to rename, whatever it was about to do.
 */
async function putOnDisk(
  { temporary }: StagedRevision,
  manifest: PartitionManifest,
): Promise<void> {
  await orFencedOut(manifest.date, async () => {
    await syncToDisk(temporary.revisionFile);
    await writeDurably(temporary.manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
    await linkInPlaceOf(temporary.dayFile, temporary.revisionFile);
  });
}

/**
 * Revision file, manifest, day's file, in this order, each by a rename. What a killed attempt left
 * under this number is replaced: no reader saw it.
 */
async function putInPlace(
  { store }: StoreContext,
  { temporary }: StagedRevision,
  { date, revision }: PartitionManifest,
): Promise<void> {
  const paths = partitionPaths(store, date);
  await orFencedOut(date, async () => {
    await rename(temporary.revisionFile, paths.revisionFile(revision));
    await rename(temporary.manifestFile, paths.manifestFile(revision));
    await syncToDisk(paths.revisionsDirectory);
    await rename(temporary.dayFile, paths.dayFile);
    await syncToDisk(path.dirname(paths.dayFile));
  });
}

/** A temporary name that is gone was removed by a later claim. */
async function orFencedOut(date: LogicalDate, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    throw systemCode(error) === 'ENOENT' ? new ChurnError('FENCED_OUT', { date }) : error;
  });
}

async function holding(
  { ledger }: { readonly ledger: Ledger },
  { staged, claim }: Pick<PublishOptions, 'staged' | 'claim'>,
  publish: (tx: TransactionSql) => Promise<void>,
): Promise<void> {
  if ((await ledger.whileHolding(claim, publish)) !== 'fenced-out') return;
  await staged.discard();
  throw new ChurnError('FENCED_OUT', { date: claim.date });
}

async function removeAll(files: readonly string[]): Promise<void> {
  for (const file of files) await rm(file, { force: true });
}
