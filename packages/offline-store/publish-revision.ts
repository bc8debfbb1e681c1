import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError, type PartitionManifest } from '../contracts';
import { countParquetRows, type DuckDb } from '../duckdb';
import type { FeatureSet, SegmentFiles } from '../features';
import { formatInstant, MICROS_PER_DAY, midnightOf, parseInstant } from '../instants';
import type { GridContext } from './compute-grid';
import type { PartitionRequest } from './compute-partitions';
import {
  describeFile,
  moveIntoPlace,
  replaceByLink,
  replaceDurably,
  sha256OfFile,
} from '../durable-files';
import type { Checked, Claim, Ledger } from './ledger';
import { partitionPaths } from './partition-paths';

/** Changes when the writer would write other bytes for the same rows. */
export const writerVersion = 'duckdb-1.5.6/parquet-1/zstd-1/122880';

interface StoreContext {
  readonly featuresDir: string;
  readonly featureSet: FeatureSet;
  readonly segments: SegmentFiles;
}

/** A revision written beside the store, under a temporary name. */
export interface StagedRevision {
  readonly manifest: PartitionManifest;
  readonly temporaryFile: string;
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
  const paths = partitionPaths(context.featuresDir, request.date);
  const revision = (claim.published?.revision ?? 0) + 1;
  const temporaryFile = path.join(
    paths.revisionsDirectory,
    `.rev-${revision}.tmp-${claim.fencingToken}`,
  );
  for (const folder of [paths.revisionsDirectory, path.dirname(paths.dayFile)]) {
    await mkdir(folder, { recursive: true });
  }
  await write(temporaryFile);
  const manifest: PartitionManifest = {
    format_version: 1,
    date: request.date,
    feature_time: formatInstant(midnightOf(request.date)),
    revision,
    ...knowledgeOf(request, context.featureSet),
    rows,
    content_hash: options.contentHash,
    ...(await describeFile(temporaryFile)),
    schema_hash: context.featureSet.schemaHash,
    definition_hashes: context.featureSet.definitionHashes,
    source_counts: options.sourceCounts,
    writer_version: writerVersion,
    reason: request.reason,
  };
  return { manifest, temporaryFile, discard: () => rm(temporaryFile, { force: true }) };
}

function knowledgeOf(
  { kind, knownAt, batch, label, date }: PartitionRequest,
  { label: definition }: FeatureSet,
) {
  const horizonEnd = midnightOf(date) + BigInt(definition.horizonDays) * MICROS_PER_DAY;
  const { labelKnownAt, labelBatch, completeThrough } = label;
  const isKnownBy = (instant: string | null) =>
    instant !== null && horizonEnd <= parseInstant(instant);
  return {
    knowledge: kind,
    known_at: knownAt,
    batch,
    label_known_at: labelKnownAt,
    label_batch: labelBatch,
    label_complete_through: completeThrough,
    label_mature: isKnownBy(labelKnownAt) && isKnownBy(completeThrough),
  };
}

/** How many rows of each raw table the batches up to one hold; from the files' footers. */
export async function countSources(
  duckDb: DuckDb,
  segments: SegmentFiles,
  batch: number,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of ['users', 'user_events', 'billing_events', 'plan_changes'] as const) {
    counts[table] = await countParquetRows(duckDb, segments(table, batch));
  }
  return counts;
}

/** How many events the batches that requests may see hold; from the files' footers. */
export async function countEvents(
  { openDuckDb, segments }: Pick<GridContext, 'openDuckDb' | 'segments'>,
  requests: readonly PartitionRequest[],
): Promise<number> {
  const batch = Math.max(0, ...requests.map((request) => request.batch));
  if (batch === 0) return 0;
  const duckDb = await openDuckDb();
  try {
    return await countParquetRows(duckDb, segments('user_events', batch));
  } finally {
    duckDb.close();
  }
}

/**
 * Makes a staged revision the current one. Revision file and manifest get their final names first;
 * then, holding the ledger row and having checked the fencing token, the day's file is replaced by
 * rename and the ledger updated. Killed anywhere, readers see the old file or the new one.
 *
 * @throws ChurnError FENCED_OUT when a later claim was made; nothing a reader sees has changed.
 */
export async function publishRevision(
  context: StoreContext & { readonly ledger: Ledger },
  options: { staged: StagedRevision; claim: Claim; checked: Checked },
): Promise<void> {
  const { staged, claim, checked } = options;
  await orFencedOut(staged, claim, () =>
    context.ledger.whileHolding(claim, async (tx) => {
      await putInPlace(context, { staged, claim, manifest: staged.manifest });
      await context.ledger.recordPublication(tx, staged.manifest, checked);
    }),
  );
}

/**
 * For a staged revision whose bytes are those published already: discards it, or, where a published
 * file was damaged or lost, puts the bytes back under the number they were published with. A
 * revision that readers see, but that a killed attempt did not get to record, is recorded.
 *
 * @throws ChurnError FENCED_OUT as in `publishRevision`.
 */
export async function keepRevision(
  context: StoreContext & { readonly ledger: Ledger },
  { staged, claim, checked }: { staged: StagedRevision; claim: Claim; checked: Checked },
): Promise<void> {
  const manifest = claim.published;
  if (!manifest) throw new RangeError('nothing is published that could be kept');
  const intact = await isIntact(context, manifest);
  if (intact) await staged.discard();
  if (intact && claim.isRecorded) {
    return context.ledger.release(claim, { status: 'succeeded', checked });
  }
  await orFencedOut(staged, claim, () =>
    context.ledger.whileHolding(claim, async (tx) => {
      if (!intact) await putInPlace(context, { staged, claim, manifest });
      await context.ledger.recordPublication(tx, manifest, checked);
    }),
  );
}

async function isIntact(
  { featuresDir }: StoreContext,
  { date, revision, sha256 }: PartitionManifest,
): Promise<boolean> {
  const paths = partitionPaths(featuresDir, date);
  const files = [paths.revisionFile(revision), paths.dayFile];
  const found = await Promise.all(files.map((file) => sha256OfFile(file).catch(() => undefined)));
  return found.every((hash) => hash === sha256);
}

/** Revision file, manifest, day's file, in this order, each in one step. */
async function putInPlace(
  { featuresDir }: StoreContext,
  options: { staged: StagedRevision; claim: Claim; manifest: PartitionManifest },
): Promise<void> {
  const { staged, claim, manifest } = options;
  const paths = partitionPaths(featuresDir, claim.date);
  const revisionFile = paths.revisionFile(manifest.revision);
  const temporary = (folder: string, name: string) =>
    path.join(folder, `.${name}.tmp-${claim.fencingToken}`);
  // What a killed attempt left under this number was never read; its manifest must not name our bytes.
  await rm(paths.manifestFile(manifest.revision), { force: true });
  await moveIntoPlace(staged.temporaryFile, revisionFile);
  await replaceDurably(
    paths.manifestFile(manifest.revision),
    `${JSON.stringify(manifest, null, 2)}\n`,
    temporary(paths.revisionsDirectory, 'manifest'),
  );
  await replaceByLink(
    revisionFile,
    paths.dayFile,
    temporary(path.dirname(paths.dayFile), path.basename(paths.dayFile)),
  );
}

async function orFencedOut(
  staged: StagedRevision,
  { date }: Claim,
  publish: () => Promise<unknown>,
): Promise<void> {
  if ((await publish()) !== 'fenced-out') return;
  await staged.discard();
  throw new ChurnError('FENCED_OUT', { date });
}
