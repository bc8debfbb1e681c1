import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import {
  AUDIT_EXAMPLES_MAX,
  knowledgeIn,
  labelKnowledgeIn,
  type AuditReport,
  type AuditVerdict,
  type PartitionManifest,
  type Progress,
} from '../contracts';
import type { MomentVectors } from '../features';
import { midnightOf, type EpochMicros, type LogicalDate } from '../instants';
import { withWriters } from './vectors/compute-grid';
import type { ComputeContext, PartitionRequest } from './partition-request';
import { sha256OfFile } from '../durable-files';
import { groupIntoGrids, indexIn, momentsPerScan } from './vectors/group-into-grids';
import {
  currentPartition,
  datesOnDisk,
  datesWithRevisions,
  newestWholeRevision,
  scanManifests,
  type ManifestScan,
} from './manifests';
import { findRevisionFile, partitionPaths, type StorePaths } from './partition-paths';
import { countEvents, writerVersion } from './publish-revision';
import { isStale, lacksOnlyState } from './select-dates';
import { createContentHasher, withoutState } from './vectors/vector-writer';
import type { WriterPool } from './vectors/writer-pool';

/**
 * Recomputes every revision from what its manifest says was known, and compares its values and its
 * bytes, written again, with the file. A manifest that is damaged is `mismatched`, one that is lost
 * `missing`; the others are audited all the same.
 * A ledger row without its file is `missing`; a day's file without any manifest is `extra`.
 */
export async function auditPartitions(
  context: AuditContext,
  progress: Pick<Partial<Progress>, 'report'> = {},
): Promise<AuditReport> {
  const { store, ledger } = context;
  const onDisk = await datesOnDisk(store);
  const inLedger = (await ledger.list()).filter((row) => row.manifest).map((row) => row.date);
  const dates = [...new Set([...onDisk, ...inLedger])].sort();
  const found: Record<AuditVerdict, string[]> = {
    equal: [],
    missing: [],
    extra: [],
    mismatched: [],
    not_comparable: [],
  };
  const verdicts = await auditRevisions(context, dates, progress.report);
  for (const { date, revision, verdict, problem } of verdicts) {
    found[verdict].push(`${date} rev ${revision}${problem === undefined ? '' : `: ${problem}`}`);
  }
  for (const date of dates) {
    const ofDate = verdicts.filter((revision) => revision.date === date);
    const dayFile = relativeTo(store, partitionPaths(store, date).dayFile);
    if (!onDisk.includes(date)) found.missing.push(`${date}: ${dayFile}`);
    else if (ofDate.length === 0) found.extra.push(`${date}: ${dayFile}`);
    else if (
      !ofDate.some(({ verdict }) => verdict === 'mismatched') &&
      !(await currentPartition(store, date))
    ) {
      found.mismatched.push(`${date}: ${dayFile}`);
    }
  }
  return {
    equal: found.equal.length,
    missing: found.missing.length,
    extra: found.extra.length,
    mismatched: found.mismatched.length,
    not_comparable: found.not_comparable.length,
    examples: [...found.missing, ...found.extra, ...found.mismatched].slice(0, AUDIT_EXAMPLES_MAX),
  };
}

interface AuditedRevision {
  readonly date: LogicalDate;
  readonly revision: number;
  readonly verdict: Exclude<AuditVerdict, 'extra'>;
  /** The file that is damaged, lost or other than it was, and how, where that is known. */
  readonly problem?: string;
}

/**
 * Files are written in `scratchDir` to be hashed; DuckDB must be allowed there. Revisions of batches
 * after `lastBatch`, of loads that have come since the audit began, are not comparable.
 */
export type AuditContext = Omit<ComputeContext, 'owner'> & {
  readonly scratchDir: string;
  readonly lastBatch: number;
};

/**
 * The revisions of the same number, with the same columns, are recomputed together, as far as one
 * grid can serve them.
 */
async function auditRevisions(
  context: AuditContext,
  dates: readonly LogicalDate[],
  report: Progress['report'] | undefined,
): Promise<AuditedRevision[]> {
  const { store } = context;
  const scans = await Promise.all(
    dates.map(async (date) => ({ date, ...(await scanManifests(store, date)) })),
  );
  const audited: AuditedRevision[] = scans.flatMap(({ date, damaged }) =>
    damaged.map(({ revision, file, problem }) => ({
      ...{ date, revision, verdict: 'mismatched' as const },
      problem: `${relativeTo(store, file)} is damaged: ${problem}`,
    })),
  );
  audited.push(...(await findLostManifests(context, scans)));
  const all = scans.flatMap(({ manifests }) => manifests);
  const total = audited.length + all.length;
  const note = (manifest: PartitionManifest, verdict: AuditedRevision['verdict']) => {
    const { date, revision } = manifest;
    const file = relativeTo(store, findRevisionFile(store, date, revision));
    audited.push({ date, revision, verdict, problem: file });
    report?.({ what: date, done: audited.length, total });
  };
  const toCompute: PartitionManifest[] = [];
  for (const manifest of all) {
    const verdict = await withoutRecomputing(context, manifest);
    if (verdict) note(manifest, verdict);
    else toCompute.push(manifest);
  }
  await recomputeRevisions(context, toCompute, { note });
  return audited;
}

/** Revisions up to the one that the ledger has of a date, without any manifest. */
async function findLostManifests(
  { store, ledger }: AuditContext,
  scans: readonly (ManifestScan & { readonly date: LogicalDate })[],
): Promise<AuditedRevision[]> {
  const published = new Map((await ledger.list()).map((row) => [row.date, row.manifest]));
  return scans.flatMap(({ date, manifests, damaged }) => {
    const there = new Set([...manifests, ...damaged].map(({ revision }) => revision));
    const last = published.get(date)?.revision ?? 0;
    const revisions = Array.from({ length: last }, (_, index) => index + 1);
    return revisions
      .filter((revision) => !there.has(revision))
      .map((revision) => {
        const problem = relativeTo(store, partitionPaths(store, date).manifestFile(revision));
        return { date, revision, verdict: 'missing' as const, problem };
      });
  });
}

/** The name of a file below the data directory. */
export function relativeTo({ features }: Pick<StorePaths, 'features'>, file: string): string {
  return path.relative(path.dirname(features), file);
}

/** Whether a revision was made before there was a state: its file has the other columns. */
function isBeforeState(
  { definition_hashes: made }: PartitionManifest,
  { featureSet }: AuditContext,
): boolean {
  return made[featureSet.state.name] === undefined;
}

/** What the file alone says; undefined when it has to be recomputed. */
async function withoutRecomputing(
  context: AuditContext,
  manifest: PartitionManifest,
): Promise<AuditedRevision['verdict'] | undefined> {
  const { store } = context;
  const file = findRevisionFile(store, manifest.date, manifest.revision);
  const sha256 = await sha256OfFile(file).catch(() => undefined);
  if (sha256 === undefined) return 'missing';
  if (sha256 !== manifest.sha256) return 'mismatched';
  return isComparable(context, manifest) ? undefined : 'not_comparable';
}

/** Whether the present definitions, writer and loads can give the bytes of a revision again. */
export function isComparable(context: AuditContext, manifest: PartitionManifest): boolean {
  const { featureSet, lastBatch } = context;
  const isSame =
    !isStale(manifest, featureSet) ||
    (isBeforeState(manifest, context) && lacksOnlyState(manifest, featureSet));
  const isOurs = isSame && manifest.writer_version === writerVersion;
  const isLoaded = Math.max(manifest.batch, manifest.label_batch) <= lastBatch;
  return isOurs && isLoaded;
}

interface RecomputeOptions {
  readonly note: (manifest: PartitionManifest, verdict: 'equal' | 'mismatched') => void;
  /** Given a file with the bytes that the manifest names, which is removed afterwards. */
  readonly keep?: (manifest: PartitionManifest, file: string) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** Computes comparable revisions again, of which one date may have several. */
export async function recomputeRevisions(
  context: AuditContext,
  manifests: readonly PartitionManifest[],
  options: RecomputeOptions,
): Promise<void> {
  const rounds = new Map<string, PartitionManifest[]>();
  const seen = new Map<LogicalDate, number>();
  for (const manifest of manifests) {
    const round = seen.get(manifest.date) ?? 0;
    seen.set(manifest.date, round + 1);
    const key = `${round} ${isBeforeState(manifest, context)}`;
    rounds.set(key, [...(rounds.get(key) ?? []), manifest]);
  }
  for (const ofRound of rounds.values()) {
    options.signal?.throwIfAborted();
    await recompute(context, ofRound, options);
  }
}

async function recompute(
  context: AuditContext,
  manifests: readonly PartitionManifest[],
  { note, keep }: RecomputeOptions,
): Promise<void> {
  const byDate = new Map(manifests.map((manifest) => [manifest.date, manifest]));
  const requests = manifests.map(requestOf);
  const moments = momentsPerScan(await countEvents(context, requests));
  const isOld = manifests.some((manifest) => isBeforeState(manifest, context));
  const columns = isOld ? withoutState(context.featureSet) : context.featureSet;
  for (const group of groupIntoGrids(requests, moments)) {
    await withWriters(context, { group, columns }, async ({ vectors, pool }) => {
      const contentHash = createContentHasher(columns, vectors);
      for (const request of group) {
        const manifest = byDate.get(request.date)!;
        const moment = vectors.vectorsAt(indexIn(group, request));
        await pool.tasks.add(async () => {
          const at = midnightOf(request.date);
          const isEqual =
            contentHash(moment, at) === manifest.content_hash &&
            (await hasSameBytes(context, { pool, moment, at, manifest, keep }));
          moment.release();
          note(manifest, isEqual ? 'equal' : 'mismatched');
        });
      }
      await pool.tasks.drain();
    });
  }
}

/** Whether the vectors as the writer writes them now have the bytes of a revision. */
async function hasSameBytes(
  { scratchDir }: AuditContext,
  options: {
    pool: WriterPool;
    moment: MomentVectors;
    at: EpochMicros;
    manifest: PartitionManifest;
    keep: RecomputeOptions['keep'];
  },
): Promise<boolean> {
  const { pool, moment, at, manifest, keep } = options;
  const file = path.join(scratchDir, `audit-${randomUUID()}.parquet`);
  try {
    await pool.withWriter((writer) => writer.write(moment, at, file));
    if ((await sha256OfFile(file)) !== manifest.sha256) return false;
    await keep?.(manifest, file);
    return true;
  } finally {
    await rm(file, { force: true });
  }
}

/** What to compute to get a manifest's revision again. */
export function requestOf(manifest: PartitionManifest): PartitionRequest {
  return {
    date: manifest.date,
    kind: manifest.knowledge,
    known: knowledgeIn(manifest),
    label: labelKnowledgeIn(manifest),
    reason: manifest.reason,
  };
}

/**
 * Puts back from the files the rows that a ledger lost or never had, so that revisions go on from
 * where they were. Dates that the ledger knows are left to their own next run. Of a date that has
 * neither a row nor a day's file, the newest revision that is whole is the current one.
 */
export async function rebuildLedger(
  context: Pick<ComputeContext, 'store' | 'ledger'>,
): Promise<LogicalDate[]> {
  const rows = new Map((await context.ledger.list()).map((row) => [row.date, row]));
  const restored: LogicalDate[] = [];
  const { store } = context;
  const onDisk = new Set(await datesOnDisk(store));
  for (const date of new Set([...onDisk, ...(await datesWithRevisions(store))])) {
    const row = rows.get(date);
    if (row?.manifest) continue;
    // Where there is a row, its run may not have got as far as the day's file.
    const isBothLost = row === undefined && !onDisk.has(date);
    const manifest = isBothLost
      ? await newestWholeRevision(store, date)
      : (await currentPartition(store, date))?.manifest;
    if (manifest && (await context.ledger.restore(manifest))) restored.push(date);
  }
  restored.sort();
  return restored;
}
