import { stat } from 'node:fs/promises';
import {
  knowledgeIn,
  type PartitionManifest,
  type PlannedKnowledge,
  type Progress,
  type PublishedPartition,
} from '../../contracts';
import { parquetRowCounts } from '../../duckdb';
import type { ServedFeatures } from '../../modeling';
import { sha256OfFile } from '../../durable-files';
import {
  findRevisionFile,
  isStale,
  readManifests,
  writeVectors,
  type PartitionRequest,
} from '../../offline-store';
import { loadWaitOf } from '../load-wait-of';
import type { Adapters } from '../open/open-adapters';
import { computeContext, requestsOf } from '../partitions/partition-services';
import { takePlannedKnowledge } from '../partitions/take-planned-knowledge';

/**
 * The features of some days as they were served: from the revision that has this knowledge, where
 * one does, else computed into files in a folder of scratch. Left out is a day of which nothing was
 * known when it would have been served, because its data was loaded later: it has no such features.
 */
export async function servedFeatures(
  adapters: Adapters,
  { partitions, folder }: { partitions: readonly PublishedPartition[]; folder: string },
  progress: Progress,
): Promise<ServedFeatures[]> {
  const dates = partitions.map(({ manifest }) => manifest.date);
  const knowledge = await takePlannedKnowledge(adapters, 'as-served', {
    waitMillis: null,
    waiting: loadWaitOf(progress),
  });
  const rows = await adapters.ledger.list({ from: dates[0], to: dates.at(-1) });
  const requests = requestsOf(dates, unlabelled(knowledge), { rows, reason: 'as served' });
  const current = new Map(partitions.map((partition) => [partition.manifest.date, partition]));
  const stored: ServedFeatures[] = [];
  const missing: PartitionRequest[] = [];
  for (const request of requests) {
    const revision = await servedRevision(adapters, request, current.get(request.date));
    if (revision) stored.push(revision);
    else missing.push(request);
  }
  return [...stored, ...(await computeServed(adapters, { requests: missing, folder }, progress))];
}

/** Labels are those of the partitions: here they are not computed. */
function unlabelled(knowledge: PlannedKnowledge): PlannedKnowledge {
  return { ...knowledge, completeThrough: null };
}

/** The revision with the K and S of a request: the present one, or an intact one of before. */
async function servedRevision(
  { paths, featureSet }: Adapters,
  { date, known }: PartitionRequest,
  current: PublishedPartition | undefined,
): Promise<ServedFeatures | undefined> {
  const isServed = (manifest: PartitionManifest) =>
    manifest.known_at === known.at &&
    manifest.batch === known.batch &&
    !isStale(manifest, featureSet);
  if (current && isServed(current.manifest)) return describe(current.manifest, current.path);
  for (const manifest of (await readManifests(paths, date)).filter(isServed)) {
    const file = findRevisionFile(paths, date, manifest.revision);
    const sha256 = await sha256OfFile(file).catch(() => undefined);
    if (sha256 === manifest.sha256) return describe(manifest, file);
  }
  return undefined;
}

function describe(manifest: PartitionManifest, path: string): ServedFeatures {
  const { date, revision, rows, bytes, sha256 } = manifest;
  return { date, path, known: knowledgeIn(manifest), revision, rows, bytes, sha256 };
}

async function computeServed(
  adapters: Adapters,
  { requests, folder }: { requests: readonly PartitionRequest[]; folder: string },
  progress: Progress,
): Promise<ServedFeatures[]> {
  if (requests.length === 0) return [];
  const files = await adapters.withRawLog(
    (rawLog) =>
      writeVectors(computeContext(adapters, 'training', rawLog), requests, folder, {
        signal: progress.signal,
        report: (details) => progress.report({ ...details, what: 'features as served' }),
      }),
    progress,
  );
  const counts = await countRows(adapters, [...files.values()]);
  const computed: ServedFeatures[] = [];
  for (const { date, known } of requests) {
    const path = files.get(date);
    const rows = counts.get(path ?? '') ?? 0;
    if (path === undefined || rows === 0) continue;
    const { size: bytes } = await stat(path);
    const sha256 = await sha256OfFile(path);
    computed.push({ date, path, known, revision: null, rows, bytes, sha256 });
  }
  return computed;
}

/** From the files' footers. */
async function countRows(
  adapters: Adapters,
  files: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const duckDb = await adapters.openDuckDb();
  try {
    const counts = await parquetRowCounts(duckDb, files);
    return new Map(files.map((file, index) => [file, counts[index]!]));
  } finally {
    duckDb.close();
  }
}
