import { ChurnError, type PublishedPartition } from '../../contracts';
import {
  detectDrift,
  readDriftLog,
  recordDrift,
  validateSchemas,
  type DriftChampion,
  type DriftReport,
  type SchemaVerdict,
} from '../../drift';
import { readParquet } from '../../duckdb';
import { addDays, formatInstant, type LogicalDate } from '../../instants';
import type { ModelMetadata } from '../../modeling';
import { readMeta, readVectors } from '../../online-store';
import { championVersion, loadModel, showModelVersion } from '../models/model-services';
import type { Adapters } from '../open/open-adapters';
import { newestPartition, publishedPartitions } from '../partitions/partition-services';

async function partitionOf(adapters: Adapters, date: LogicalDate): Promise<PublishedPartition> {
  const [partition] = await publishedPartitions(adapters, { from: date, to: date });
  if (!partition) throw new ChurnError('PARTITION_NOT_FOUND', { date });
  return partition;
}

async function driftChampion(adapters: Adapters, version: string): Promise<DriftChampion> {
  const model = await loadModel(adapters, version);
  const metadata = await showModelVersion(adapters, version);
  return {
    version,
    schemaHash: model.schemaHash,
    eligibilityHashes: metadata.eligibility_hashes ?? null,
    reference: metadata.drift_reference,
    scoreColumns: (columns, rows) => model.scoreColumns(columns, rows),
    validationAuc: metadata.metrics.auc,
    seenThrough: metadata.split.validation.to,
  };
}

/** Compares a date's partition with a model (by default the champion) and keeps what it finds. */
export async function driftOf(
  adapters: Adapters,
  options: { date: LogicalDate; version: string | null },
): Promise<DriftReport> {
  const { date, version } = options;
  const partition = await partitionOf(adapters, date);
  const champion = version === null ? null : await driftChampion(adapters, version);
  const maturedDate = addDays(date, -(adapters.featureSet.label.horizonDays + 1));
  const [matured] = await publishedPartitions(adapters, { from: maturedDate, to: maturedDate });
  const openDuckDb = () => adapters.openDuckDb();
  const report = await detectDrift({
    date,
    partition,
    openDuckDb,
    expected: adapters.featureSet,
    champion,
    matured: matured ?? null,
  });
  const { paths, database } = adapters;
  await recordDrift({
    report,
    driftLogsDir: paths.driftLogs,
    logsDir: paths.logs,
    database,
    openDuckDb,
    raisedAt: formatInstant(adapters.now()),
  });
  return report;
}

export async function driftOfChampion(adapters: Adapters, date: LogicalDate): Promise<DriftReport> {
  return driftOf(adapters, { date, version: await championVersion(adapters) });
}

/** The numbers kept for a date, or for the newest partition; null when there are none. */
export async function readDrift(
  adapters: Adapters,
  date: LogicalDate | undefined,
): Promise<{ date: string; metrics: readonly unknown[] } | null> {
  const day = date ?? (await newestPartition(adapters))?.manifest.date;
  if (day === undefined) return null;
  const { paths } = adapters;
  const openDuckDb = () => adapters.openDuckDb();
  const metrics = await readDriftLog({ date: day, driftLogsDir: paths.driftLogs, openDuckDb });
  return metrics && { date: day, metrics };
}

/** Holds the schemas of the offline store, the online store and the champion against each other. */
export async function validateInstallation(adapters: Adapters): Promise<SchemaVerdict> {
  const offline = await newestPartition(adapters);
  const version = await championVersion(adapters);
  const metadata = version === null ? null : await showModelVersion(adapters, version);
  const online = await readMeta(adapters.redis);
  return validateSchemas({
    offline,
    online,
    model: version && metadata ? modelSchema(version, metadata) : null,
    expected: adapters.featureSet,
    openDuckDb: () => adapters.openDuckDb(),
    onlineSample: offline && online ? await anyVector(adapters, offline) : null,
  });
}

function modelSchema(version: string, metadata: ModelMetadata) {
  return {
    version,
    schemaHash: metadata.feature_schema_hash,
    eligibilityHashes: metadata.eligibility_hashes ?? null,
  };
}

async function anyVector(adapters: Adapters, { path }: PublishedPartition) {
  const duckDb = await adapters.openDuckDb();
  try {
    const [row] = await duckDb.rows<{ user_id: string }>(
      `SELECT user_id FROM ${readParquet([path])} LIMIT 1`,
    );
    if (!row) return null;
    const [vector] = await readVectors(adapters.redis, [row.user_id]);
    return vector ?? null;
  } finally {
    duckDb.close();
  }
}
