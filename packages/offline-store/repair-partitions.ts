import { copyFile, link, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { PartitionManifest, Progress } from '../contracts';
import { replaceDurably, sha256OfFile, syncToDisk } from '../durable-files';
import type { LogicalDate } from '../instants';
import {
  isComparable,
  rebuildLedger,
  recomputeRevisions,
  relativeTo,
  type AuditContext,
} from './audit-partitions';
import { currentPartition, datesOnDisk, scanManifests } from './manifests';
import { findRevisionFile, partitionPaths } from './partition-paths';

export interface OfflineRepair {
  /** What is as it was published again, a line each. */
  readonly repaired: readonly string[];
  /** What is damaged or lost and could not be made again, and what to do about it, a line each. */
  readonly unrepaired: readonly string[];
}

interface Findings {
  readonly repaired: string[];
  readonly unrepaired: string[];
}

/**
 * Puts back what was published and is damaged or lost: rows of the ledger from the manifests, manifests
 * of current revisions from the ledger, files of any revision by computing them again from what their
 * manifest says was known, and days' files from their revision. A file is put back only with the very
 * bytes that its manifest names; nothing is published. Safe beside runs: a day's file is replaced while
 * its row of the ledger is held.
 *
 * @param dates  Default: all that the ledger or the store has.
 * @throws ChurnError STORAGE_UNAVAILABLE, POSTGRES_UNAVAILABLE, DUCKDB_OUT_OF_MEMORY, CORRUPT_FILE of a
 *   file of the raw log; the signal's reason when aborted.
 */
export async function repairPartitions(
  context: AuditContext,
  progress: Partial<Progress> = {},
  dates?: readonly LogicalDate[],
): Promise<OfflineRepair> {
  const findings: Findings = { repaired: [], unrepaired: [] };
  for (const date of await rebuildLedger(context)) {
    findings.repaired.push(`${date}: the row of the ledger`);
  }
  const rows = new Map((await context.ledger.list()).map((row) => [row.date, row.manifest]));
  const recorded = [...rows].flatMap(([date, manifest]) => (manifest ? [date] : []));
  const all = dates ?? [...new Set([...(await datesOnDisk(context.store)), ...recorded])].sort();
  const lost: PartitionManifest[] = [];
  for (const date of all) {
    progress.signal?.throwIfAborted();
    const published = rows.get(date) ?? null;
    const manifests = await repairManifests(context, { date, published }, findings);
    for (const manifest of manifests) {
      if (!(await isWhole(context, manifest))) lost.push(manifest);
    }
  }
  await putBack(context, lost, findings, progress);
  for (const date of all) {
    const published = rows.get(date);
    if (published) await repairDayFile(context, published, findings);
  }
  return findings;
}

/** The manifests of what was published of a date; the current one is there afterwards. */
async function repairManifests(
  context: AuditContext,
  { date, published }: { date: LogicalDate; published: PartitionManifest | null },
  { repaired, unrepaired }: Findings,
): Promise<PartitionManifest[]> {
  const { store } = context;
  const paths = partitionPaths(store, date);
  const { manifests } = await scanManifests(store, date);
  if (!published) {
    const file = relativeTo(store, paths.dayFile);
    const backfill = `run \`churn backfill --from ${date} --to ${date}\`, which publishes a revision`;
    unrepaired.push(`${date}: no manifest says what ${file} was made from; ${backfill}`);
    return [];
  }
  const found = new Map(manifests.map((manifest) => [manifest.revision, manifest]));
  if (!isDeepStrictEqual(found.get(published.revision), published)) {
    const file = paths.manifestFile(published.revision);
    await mkdir(paths.revisionsDirectory, { recursive: true });
    await replaceDurably(file, `${JSON.stringify(inOrder(published), null, 2)}\n`);
    found.set(published.revision, published);
    repaired.push(`${date} rev ${published.revision}: ${relativeTo(store, file)}`);
  }
  const kept: PartitionManifest[] = [];
  for (let revision = 1; revision <= published.revision; revision += 1) {
    const manifest = found.get(revision);
    if (manifest) {
      kept.push(manifest);
    } else {
      const file = relativeTo(store, paths.manifestFile(revision));
      const problem = `${file} is damaged or gone, and only it says what was known`;
      unrepaired.push(`${date} rev ${revision}: ${problem}; restore it from a backup`);
    }
  }
  return kept;
}

/** As a manifest is written first: Postgres keeps the values, and not the order of their names. */
function inOrder(manifest: PartitionManifest): PartitionManifest {
  const { format_version, date, feature_time, revision, knowledge, known_at, batch } = manifest;
  const { label_known_at, label_batch, label_complete_through, label_mature, rows } = manifest;
  const { content_hash, bytes, sha256, schema_hash, definition_hashes } = manifest;
  const first = { format_version, date, feature_time, revision, knowledge, known_at, batch };
  const label = { label_known_at, label_batch, label_complete_through, label_mature, rows };
  const hashes = { content_hash, bytes, sha256, schema_hash, definition_hashes };
  return { ...first, ...label, ...hashes, ...manifest };
}

async function isWhole({ store }: AuditContext, manifest: PartitionManifest): Promise<boolean> {
  const file = findRevisionFile(store, manifest.date, manifest.revision);
  return (await hashOf(file)) === manifest.sha256;
}

function hashOf(file: string): Promise<string | undefined> {
  return sha256OfFile(file).catch(() => undefined);
}

/** Puts files of revisions back: from the day's file where that has the bytes, else computed again. */
async function putBack(
  context: AuditContext,
  lost: readonly PartitionManifest[],
  { repaired, unrepaired }: Findings,
  progress: Partial<Progress>,
): Promise<void> {
  const { store } = context;
  const nameOf = (manifest: PartitionManifest) => {
    const file = partitionPaths(store, manifest.date).revisionFile(manifest.revision);
    return `${manifest.date} rev ${manifest.revision}: ${relativeTo(store, file)}`;
  };
  const put = async (manifest: PartitionManifest, file: string, from = copyFile) => {
    await putInPlace(context, manifest, (name) => from(file, name));
    repaired.push(nameOf(manifest));
  };
  const toCompute: PartitionManifest[] = [];
  for (const manifest of lost) {
    const { dayFile } = partitionPaths(store, manifest.date);
    if ((await hashOf(dayFile)) === manifest.sha256) await put(manifest, dayFile, link);
    else if (isComparable(context, manifest)) toCompute.push(manifest);
    else unrepaired.push(`${nameOf(manifest)}: ${otherMaker(manifest)}`);
  }
  let done = 0;
  await recomputeRevisions(context, toCompute, {
    signal: progress.signal,
    keep: (manifest, file) => put(manifest, file),
    note: (manifest, verdict) => {
      progress.report?.({ what: manifest.date, done: (done += 1), total: toCompute.length });
      if (verdict === 'equal') return;
      const problem = 'the raw log gives other values than were published';
      unrepaired.push(
        `${nameOf(manifest)}: ${problem}; run \`churn audit raw\`, or restore it from a backup`,
      );
    },
  });
}

function otherMaker({ date, knowledge, known_at: knownAt }: PartitionManifest): string {
  const problem = 'it was made from other definitions, or by another writer, than those of now';
  // Without it the date would become a latest one, with what has arrived since.
  const kinds = {
    latest: '',
    'as-served': ' --known-at as-served',
    pinned: ` --known-at ${knownAt}`,
  };
  const backfill = `run \`churn backfill --from ${date} --to ${date} --reprocess all${kinds[knowledge]}\``;
  return `${problem}; ${backfill} for a new revision, or restore it from a backup`;
}

/** Has a revision's file written under another name, then gives it its own by one rename. */
async function putInPlace(
  { store }: AuditContext,
  { date, revision }: PartitionManifest,
  write: (name: string) => Promise<void>,
): Promise<void> {
  const paths = partitionPaths(store, date);
  await mkdir(paths.revisionsDirectory, { recursive: true });
  // The next claim of the date removes it, should this process be killed.
  const temporary = path.join(paths.revisionsDirectory, `.repaired-${revision}.tmp-0`);
  await rm(temporary, { force: true });
  await write(temporary);
  await syncToDisk(temporary);
  await rename(temporary, paths.revisionFile(revision));
  await syncToDisk(paths.revisionsDirectory);
}

/** Gives a day its file again: that of the revision which the ledger has, unless a later one is seen. */
async function repairDayFile(
  context: AuditContext,
  published: PartitionManifest,
  { repaired, unrepaired }: Findings,
): Promise<void> {
  const { store, ledger } = context;
  const { date, revision } = published;
  const paths = partitionPaths(store, date);
  const current = await currentPartition(store, date);
  if (current && current.manifest.revision > revision) {
    // What a killed attempt published and did not get to record.
    if (await ledger.restore(current.manifest)) repaired.push(`${date}: the row of the ledger`);
    return;
  }
  if ((await hashOf(paths.dayFile)) === published.sha256) return;
  const name = relativeTo(store, paths.dayFile);
  const file = findRevisionFile(store, date, revision);
  if ((await hashOf(file)) !== published.sha256) {
    unrepaired.push(`${date}: ${name}, whose revision ${revision} is not whole`);
    return;
  }
  await mkdir(path.dirname(paths.dayFile), { recursive: true });
  const temporary = path.join(paths.revisionsDirectory, '.repaired-day.tmp-0');
  const isDone = await ledger.whilePublished(published, async () => {
    await rm(temporary, { force: true });
    await link(file, temporary);
    await rename(temporary, paths.dayFile);
    await syncToDisk(path.dirname(paths.dayFile));
  });
  if (isDone) repaired.push(`${date}: ${name}`);
}
