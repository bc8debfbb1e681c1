import type { ErrorCode } from '../packages/contracts';
import type { ApiPorts } from './ports';

const postgres = ['POSTGRES_UNAVAILABLE', 'DATABASE_NOT_MIGRATED'] as const;
/** Reading Parquet files through DuckDB. */
const queries = [
  'CORRUPT_FILE',
  'FILE_MISSING',
  'DUCKDB_OUT_OF_MEMORY',
  'DUCKDB_QUERY_FAILED',
  'STORAGE_UNAVAILABLE',
] as const;
/** Why nothing can be served from Redis. */
const redis = [
  'REDIS_UNAVAILABLE',
  'REDIS_REFUSES_COMMANDS',
  'REDIS_CLUSTER',
  'INSTALLATION_MISMATCH',
  'CORRUPT_ONLINE_KEY',
  // installation.json, which says whose features may be served.
  'CORRUPT_FILE',
] as const;
const storedModels = ['MODEL_NOT_FOUND', 'CORRUPT_MODEL'] as const;
const temporal = ['TEMPORAL_UNAVAILABLE', 'INVALID_SETTING'] as const;
/** A backfill's record is in Postgres; while it runs, Temporal knows how far it is. */
const backfillById = ['BACKFILL_NOT_FOUND', ...temporal, ...postgres] as const;
const backfillVerb = ['BACKFILL_ENDED', ...backfillById] as const;
const championMoves = [
  ...storedModels,
  'CHAMPION_CHANGED',
  'SCHEMA_MISMATCH',
  'LOCK_HELD',
  'STORAGE_UNAVAILABLE',
  // The database is asked first whether it is the one that the data directory belongs to.
  'INSTALLATION_MISMATCH',
  'EMPTY_DATABASE',
  'CORRUPT_FILE',
  ...postgres,
] as const;

type AskedPort = Exclude<
  keyof ApiPorts,
  // Data; what never fails; and what /health turns into its answer.
  'featureSchema' | 'servingModel' | 'predictionLog' | 'probes'
>;

/**
 * The errors that each port raises on purpose, which a route that asks it answers with and
 * documents (`ApiProblems`). Anything else that a port throws is INTERNAL.
 */
export const portProblems = {
  onlineFeatures: {
    read: [...redis, 'NO_FEATURES', 'CORRUPT_VECTOR'],
    readMany: [...redis, 'NO_FEATURES'],
    meta: redis,
  },
  backfills: {
    start: [
      'INVALID_REQUEST',
      'INVALID_DATE_RANGE',
      'NO_DATA',
      'LOAD_RUNNING',
      'LEASE_EXPIRED',
      'BACKFILL_OVERLAP',
      ...temporal,
      ...postgres,
    ],
    plan: ['INVALID_REQUEST', 'INVALID_DATE_RANGE', 'NO_DATA', 'LOAD_RUNNING', ...postgres],
    progress: backfillById,
    pause: backfillVerb,
    resume: backfillVerb,
    cancel: backfillVerb,
  },
  partitions: { list: postgres },
  models: {
    list: ['CORRUPT_FILE'],
    show: storedModels,
    promote: championMoves,
    rollback: ['INVALID_REQUEST', 'NO_PREVIOUS_CHAMPION', ...championMoves],
  },
  atRisk: {
    list: [
      'SERVER_BUSY',
      'NO_PARTITION',
      'NO_STATE',
      'NO_MODEL',
      ...storedModels,
      'SCHEMA_MISMATCH',
      ...postgres,
      ...queries,
    ],
  },
  drift: { read: ['SERVER_BUSY', ...postgres, ...queries] },
} as const satisfies {
  readonly [Port in AskedPort]: {
    readonly [Method in keyof ApiPorts[Port]]: readonly ErrorCode[];
  };
};
