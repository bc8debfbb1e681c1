import type { PartitionManifest } from '../contracts';
import { computeVectors } from '../features';
import type { LogicalDate } from '../instants';
import { gridOf, type ComputeContext, type PartitionRequest } from './compute-partitions';
import { sha256OfFile } from './durable-files';
import { currentPartition, datesOnDisk, readManifests } from './manifests';
import { partitionPaths } from './partition-paths';
import { describeVectors, writerVersion } from './publish-revision';
import { isStale } from './select-dates';

/** What every audit reports; the counts are of the things compared. */
export interface AuditReport {
  readonly equal: number;
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly mismatched: readonly string[];
  /** Made by other definitions or another writer: bytes can't be expected to be equal. */
  readonly not_comparable: readonly string[];
}

type Verdict = Exclude<keyof AuditReport, 'extra'>;

/**
 * Recomputes every revision from what its manifest says was known, and compares it with the file.
 * A ledger row without its file is `missing`; a day's file that no manifest describes is `extra`.
 */
export async function auditPartitions(
  context: Omit<ComputeContext, 'owner'>,
  progress: { report?: (done: number, total: number, what: string) => void } = {},
): Promise<AuditReport> {
  const { featuresDir, ledger } = context;
  const onDisk = await datesOnDisk(featuresDir);
  const inLedger = (await ledger.list()).filter((row) => row.manifest).map((row) => row.date);
  const dates = [...new Set([...onDisk, ...inLedger])].sort();
  const found: Record<keyof AuditReport, string[]> = {
    equal: [],
    missing: [],
    extra: [],
    mismatched: [],
    not_comparable: [],
  };
  for (const [index, date] of dates.entries()) {
    if (!onDisk.includes(date)) found.missing.push(date);
    else if (!(await currentPartition(featuresDir, date))) found.extra.push(date);
    for (const manifest of await readManifests(featuresDir, date)) {
      found[await auditRevision(context, manifest)].push(`${date} rev ${manifest.revision}`);
    }
    progress.report?.(index + 1, dates.length, date);
  }
  return { ...found, equal: found.equal.length };
}

async function auditRevision(
  context: Omit<ComputeContext, 'owner'>,
  manifest: PartitionManifest,
): Promise<Verdict> {
  const file = partitionPaths(context.featuresDir, manifest.date).revisionFile(manifest.revision);
  const sha256 = await sha256OfFile(file).catch(() => undefined);
  if (sha256 === undefined) return 'missing';
  if (sha256 !== manifest.sha256) return 'mismatched';
  if (isStale(manifest, context.featureSet) || manifest.writer_version !== writerVersion)
    return 'not_comparable';
  const duckDb = await context.openDuckDb();
  try {
    const { featureSet, segments } = context;
    await computeVectors(duckDb, { featureSet, segments, grid: gridOf([requestOf(manifest)]) });
    const described = await describeVectors(duckDb, featureSet, 0);
    return described.content_hash === manifest.content_hash ? 'equal' : 'mismatched';
  } finally {
    duckDb.close();
  }
}

/** What to compute to get a manifest's revision again. */
export function requestOf(manifest: PartitionManifest): PartitionRequest {
  return {
    date: manifest.date,
    kind: manifest.knowledge,
    knownAt: manifest.known_at,
    batch: manifest.batch,
    label: {
      labelKnownAt: manifest.label_known_at,
      labelBatch: manifest.label_batch,
      completeThrough: manifest.label_complete_through,
    },
    reason: manifest.reason,
  };
}

/** Puts the ledger in order from the files: rows it lost, or whose publication it did not record. */
export async function rebuildLedger(
  context: Pick<ComputeContext, 'featuresDir' | 'ledger'>,
): Promise<LogicalDate[]> {
  const rows = new Map((await context.ledger.list()).map((row) => [row.date, row]));
  const restored: LogicalDate[] = [];
  for (const date of await datesOnDisk(context.featuresDir)) {
    const current = await currentPartition(context.featuresDir, date);
    const isRecorded = rows.get(date)?.manifest?.revision === current?.manifest.revision;
    if (!current || isRecorded) continue;
    await context.ledger.restore(current.manifest);
    restored.push(date);
  }
  return restored;
}
