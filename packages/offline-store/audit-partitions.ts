import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import {
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
import { currentPartition, datesOnDisk, readManifests } from './manifests';
import { findRevisionFile } from './partition-paths';
import { countEvents, writerVersion } from './publish-revision';
import { isStale, lacksOnlyState } from './select-dates';
import { createContentHasher, withoutState } from './vectors/vector-writer';
import type { WriterPool } from './vectors/writer-pool';

const EXAMPLES_MAX = 20;

/**
 * Recomputes every revision from what its manifest says was known, and compares its values and its
 * bytes, written again, with the file.
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
  for (const { date, revision, verdict } of verdicts)
    found[verdict].push(`${date} rev ${revision}`);
  for (const date of dates) {
    const ofDate = verdicts.filter((revision) => revision.date === date);
    if (!onDisk.includes(date)) found.missing.push(date);
    else if (ofDate.length === 0) found.extra.push(date);
    else if (
      !ofDate.some(({ verdict }) => verdict === 'mismatched') &&
      !(await currentPartition(store, date))
    ) {
      found.mismatched.push(date);
    }
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

interface AuditedRevision {
  readonly date: LogicalDate;
  readonly revision: number;
  readonly verdict: Exclude<AuditVerdict, 'extra'>;
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
  const audited: AuditedRevision[] = [];
  const rounds = new Map<string, PartitionManifest[]>();
  const manifestsByDate = await Promise.all(
    dates.map((date) => readManifests(context.store, date)),
  );
  const total = manifestsByDate.flat().length;
  const note = (manifest: PartitionManifest, verdict: AuditedRevision['verdict']) => {
    audited.push({ date: manifest.date, revision: manifest.revision, verdict });
    report?.({ what: manifest.date, done: audited.length, total });
  };
  for (const [round, manifest] of manifestsByDate.flatMap((manifests) => [
    ...manifests.entries(),
  ])) {
    const verdict = await withoutRecomputing(context, manifest);
    const key = `${round} ${isBeforeState(manifest, context)}`;
    const ofRound = rounds.get(key);
    if (verdict) note(manifest, verdict);
    else if (ofRound) ofRound.push(manifest);
    else rounds.set(key, [manifest]);
  }
  for (const manifests of rounds.values()) await recompute(context, manifests, note);
  return audited;
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
  const { store, featureSet, lastBatch } = context;
  const file = findRevisionFile(store, manifest.date, manifest.revision);
  const sha256 = await sha256OfFile(file).catch(() => undefined);
  if (sha256 === undefined) return 'missing';
  if (sha256 !== manifest.sha256) return 'mismatched';
  const isSame =
    !isStale(manifest, featureSet) ||
    (isBeforeState(manifest, context) && lacksOnlyState(manifest, featureSet));
  const isOurs = isSame && manifest.writer_version === writerVersion;
  const isLoaded = Math.max(manifest.batch, manifest.label_batch) <= lastBatch;
  return isOurs && isLoaded ? undefined : 'not_comparable';
}

async function recompute(
  context: AuditContext,
  manifests: readonly PartitionManifest[],
  note: (manifest: PartitionManifest, verdict: 'equal' | 'mismatched') => void,
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
            (await bytesOf(context, { pool, moment, at })) === manifest.sha256;
          moment.release();
          note(manifest, isEqual ? 'equal' : 'mismatched');
        });
      }
      await pool.tasks.drain();
    });
  }
}

/** SHA-256 of the vectors as the writer writes them now; the file is gone again. */
async function bytesOf(
  { scratchDir }: AuditContext,
  options: { pool: WriterPool; moment: MomentVectors; at: EpochMicros },
): Promise<string> {
  const file = path.join(scratchDir, `audit-${randomUUID()}.parquet`);
  try {
    await options.pool.withWriter((writer) => writer.write(options.moment, options.at, file));
    return await sha256OfFile(file);
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
 * where they were. Dates that the ledger knows are left to their own next run.
 */
export async function rebuildLedger(
  context: Pick<ComputeContext, 'store' | 'ledger'>,
): Promise<LogicalDate[]> {
  const rows = new Map((await context.ledger.list()).map((row) => [row.date, row]));
  const restored: LogicalDate[] = [];
  for (const date of await datesOnDisk(context.store)) {
    if (rows.get(date)?.manifest) continue;
    const current = await currentPartition(context.store, date);
    if (!current) continue;
    if (await context.ledger.restore(current.manifest)) restored.push(date);
  }
  return restored;
}
