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
  readonly missing: number;
  readonly extra: number;
  readonly mismatched: number;
  /** Made by other definitions or another writer: bytes can't be expected to be equal. */
  readonly not_comparable: number;
  /** The first of those that are missing, extra or mismatched. */
  readonly examples: readonly string[];
}

type Finding = 'equal' | 'missing' | 'extra' | 'mismatched' | 'not_comparable';

const EXAMPLES_MAX = 20;

/**
 * Recomputes every revision from what its manifest says was known, and compares it with the file.
 * A ledger row without its file is `missing`; a day's file without any manifest is `extra`.
 */
export async function auditPartitions(
  context: Omit<ComputeContext, 'owner'>,
  progress: { report?: (done: number, total: number, what: string) => void } = {},
): Promise<AuditReport> {
  const { featuresDir, ledger } = context;
  const onDisk = await datesOnDisk(featuresDir);
  const inLedger = (await ledger.list()).filter((row) => row.manifest).map((row) => row.date);
  const dates = [...new Set([...onDisk, ...inLedger])].sort();
  const found: Record<Finding, string[]> = {
    equal: [],
    missing: [],
    extra: [],
    mismatched: [],
    not_comparable: [],
  };
  for (const [index, date] of dates.entries()) {
    const manifests = await readManifests(featuresDir, date);
    const verdicts = new Set<Finding>();
    for (const manifest of manifests) {
      const verdict = await auditRevision(context, manifest);
      verdicts.add(verdict);
      found[verdict].push(`${date} rev ${manifest.revision}`);
    }
    if (!onDisk.includes(date)) found.missing.push(date);
    else if (manifests.length === 0) found.extra.push(date);
    else if (!verdicts.has('mismatched') && !(await currentPartition(featuresDir, date))) {
      found.mismatched.push(date);
    }
    progress.report?.(index + 1, dates.length, date);
  }
  return {
    equal: found.equal.length,
    missing: found.missing.length,
    extra: found.extra.length,
    mismatched: found.mismatched.length,
    not_comparable: found.not_comparable.length,
    examples: [...found.missing, ...found.extra, ...found.mismatched].slice(0, EXAMPLES_MAX),
  };
}

async function auditRevision(
  context: Omit<ComputeContext, 'owner'>,
  manifest: PartitionManifest,
): Promise<Exclude<Finding, 'extra'>> {
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

/**
 * Puts back from the files the rows that a ledger lost or never had, so that revisions go on from
 * where they were. Dates that the ledger knows are left to their own next run.
 */
export async function rebuildLedger(
  context: Pick<ComputeContext, 'featuresDir' | 'ledger'>,
): Promise<LogicalDate[]> {
  const rows = new Map((await context.ledger.list()).map((row) => [row.date, row]));
  const restored: LogicalDate[] = [];
  for (const date of await datesOnDisk(context.featuresDir)) {
    if (rows.get(date)?.manifest) continue;
    const current = await currentPartition(context.featuresDir, date);
    if (!current) continue;
    await context.ledger.restore(current.manifest);
    restored.push(date);
  }
  return restored;
}
