import {
  ChurnError,
  isChurnError,
  type DriftSummary,
  type PublishedPartition,
  type SchemaSummary,
} from '../../contracts';
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
import { readMeta, readVector } from '../../online-store';
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

/** The step `run_drift_detection`. */
export async function detectDriftOfDay(
  adapters: Adapters,
  request: { date: LogicalDate; championVersion: string | null },
): Promise<DriftSummary> {
  const report = await detectAndRecordDrift(adapters, request);
  const isDrifted = report.alerts.length > 0;
  const quiet = report.not_compared === null ? 'stable' : 'no_reference';
  const status = isDrifted ? 'drifted' : quiet;
  return { status, reference: report.model_version, alerts: report.alerts.length };
}

/** `churn drift`: compares a date's partition with the present champion. */
export async function detectDriftNow(adapters: Adapters, date: LogicalDate): Promise<DriftReport> {
  return detectAndRecordDrift(adapters, { date, championVersion: await championVersion(adapters) });
}

/** Compares a date's partition with a champion and keeps what it finds; null: there is none. */
async function detectAndRecordDrift(
  adapters: Adapters,
  { date, championVersion: version }: { date: LogicalDate; championVersion: string | null },
): Promise<DriftReport> {
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
  const { paths, database, observer } = adapters;
  await recordDrift({
    report,
    driftLogsDir: paths.driftLogs,
    logsDir: paths.logs,
    database,
    openDuckDb,
    raisedAt: formatInstant(adapters.now()),
    onNewAlert: (alert) => observer?.alertRaised(alert),
  });
  return report;
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

/** The step `validate_schema`. */
export async function validateStoredSchemas(adapters: Adapters): Promise<SchemaSummary> {
  const { verdict, checks } = await compareSchemas(adapters);
  const problems = checks.filter((check) => check.status !== 'pass').map((check) => check.message);
  return { verdict, problems };
}

/** Holds the schemas of the offline store, the online store and the champion against each other. */
async function compareSchemas(adapters: Adapters): Promise<SchemaVerdict> {
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

/** A damaged vector is a finding of the check, and no reason to make none. */
function unlessDamaged(error: unknown): ChurnError {
  if (isChurnError(error) && error.code !== 'REDIS_UNAVAILABLE') return error;
  throw error;
}

async function anyVector(adapters: Adapters, { path }: PublishedPartition) {
  const duckDb = await adapters.openDuckDb();
  try {
    const [row] = await duckDb.rows<{ user_id: string }>(
      `SELECT user_id FROM ${readParquet([path])} LIMIT 1`,
    );
    if (!row) return null;
    return await readVector(adapters.redis, row.user_id).catch(unlessDamaged);
  } finally {
    duckDb.close();
  }
}
