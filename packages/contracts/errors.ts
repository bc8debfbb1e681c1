interface ErrorEntry {
  /** What happened and what to do; `{name}` is filled from the details. */
  readonly message: string;
  readonly httpStatus: number;
  /** Whether trying again without changing anything can help. */
  readonly retryable: boolean;
}

/**
 * Every error the platform raises on purpose, for the API, the command line and activities alike.
 * docs/API.md lists the same codes (a test compares them).
 */
export const errorCatalogue = {
  WRONG_USAGE: {
    message: '{problem}. `{command} --help` shows what can be given.',
    httpStatus: 400,
    retryable: false,
  },
  INVALID_REQUEST: {
    message: 'The request is not valid: {problem}.',
    httpStatus: 400,
    retryable: false,
  },
  INVALID_SETTING: {
    message: 'Setting {variable} is not valid: {problem}. Correct it in the environment or .env.',
    httpStatus: 500,
    retryable: false,
  },
  INVALID_DATE_RANGE: {
    message: 'The range {from} to {to} is not valid: {problem}.',
    httpStatus: 400,
    retryable: false,
  },
  INVALID_IMPORT: {
    message: 'Nothing was imported: {problem}.',
    httpStatus: 400,
    retryable: false,
  },
  INVALID_SPINE: {
    message: "The spine file can't be used: {problem}.",
    httpStatus: 400,
    retryable: false,
  },
  SOURCE_MISMATCH: {
    message:
      'This installation holds {present} data; {wanted} is refused. Use another CHURN_DATA_DIR.',
    httpStatus: 409,
    retryable: false,
  },
  WORLD_MISMATCH: {
    message:
      'This installation holds the synthetic world {present}; {wanted} is refused. Use the same seed, users and start, or another CHURN_DATA_DIR.',
    httpStatus: 409,
    retryable: false,
  },
  GENERATE_GAP: {
    message:
      'Generating from {from} would leave a gap: the source is loaded through {loadedThrough}. Start no later than the day after.',
    httpStatus: 409,
    retryable: false,
  },
  INSTALLATION_MISMATCH: {
    message:
      '{store} belongs to another installation ({found}, not {expected}). Point DATABASE_URL, REDIS_URL and CHURN_DATA_DIR at the same installation.',
    httpStatus: 500,
    retryable: false,
  },
  EMPTY_DATABASE: {
    message:
      "Nothing was ever loaded into this database, but the data directory is not empty ({content}). Point DATABASE_URL at that installation's database, or put that back from a backup; to begin anew, choose another CHURN_DATA_DIR.",
    httpStatus: 500,
    retryable: false,
  },
  EARLIER_RELEASE_RUNNING: {
    message:
      '{service} of an earlier release still uses this data directory (process {pid}), whose files this release has to move first. Stop it with `churn down`, or end that process if `churn up` did not start it; then try again.',
    httpStatus: 409,
    retryable: false,
  },
  REVISIONS_DIFFER: {
    message:
      'Two different files are the same revision: {former} and {file}. Move away the one that does not belong to this database, then try again.',
    httpStatus: 500,
    retryable: false,
  },
  NO_DATA: {
    message: 'There is no data yet. Run `churn generate` or `churn import` first.',
    httpStatus: 409,
    retryable: false,
  },
  LOADS_MISSING: {
    message:
      'Load {batch} is needed, but Postgres has only those to {lastBatch}: an older backup? Load the rest again.',
    httpStatus: 409,
    retryable: false,
  },
  UNKNOWN_USER: {
    message: 'User {userId} is not known at that moment.',
    httpStatus: 404,
    retryable: false,
  },
  PARTITION_NOT_FOUND: {
    message:
      'There is no feature partition for {date}. Run `churn backfill --from {date} --to {date}`.',
    httpStatus: 404,
    retryable: false,
  },
  NO_STATE: {
    message:
      'The partition of {date} does not say who is subscribed as this release defines it. Run `churn backfill --from {date} --to {date}`.',
    httpStatus: 409,
    retryable: false,
  },
  PARTITION_BUSY: {
    message:
      'The partition of {date} is still being computed by another run. Try again when `churn partitions` shows it done.',
    httpStatus: 409,
    retryable: true,
  },
  PARTITIONS_FAILED: {
    message: '{count} partitions could not be computed; the first, {date}: {problem}',
    httpStatus: 500,
    retryable: true,
  },
  FENCED_OUT: {
    message: 'This attempt lost its claim on {date} to a later one; it publishes nothing.',
    httpStatus: 409,
    retryable: false,
  },
  CORRUPT_PARTITION: {
    message:
      'The file {path} does not match its manifest. Backfill its date with `--reprocess all` and, as `--known-at`, the knowledge that `churn partitions` shows.',
    httpStatus: 500,
    retryable: false,
  },
  CORRUPT_ONLINE_KEY: {
    message:
      'The key {key} of Redis holds a {type} instead of a text. Delete it (`DEL` in redis-cli); the next sync writes it again.',
    httpStatus: 500,
    retryable: false,
  },
  CORRUPT_FILE: {
    message:
      'The file {path} is damaged: {problem}. In raw_log, delete its batch folder, and the next job makes it again; for a Parquet file of features or feature_revisions, backfill its date with `--reprocess all`; else restore it from a backup.',
    httpStatus: 500,
    retryable: false,
  },
  FILE_MISSING: {
    message:
      'The file {path} is missing. The next attempt makes again what belongs to raw_log; for a Parquet file of features or feature_revisions, backfill its date with `--reprocess all`; else restore it from a backup.',
    httpStatus: 500,
    retryable: true,
  },
  DUCKDB_OUT_OF_MEMORY: {
    message:
      'DuckDB needs more than the {memoryMegabytes} MB of CHURN_DUCKDB_MEMORY_MB with {threads} threads. Set it higher, or CHURN_DUCKDB_THREADS lower, then run `churn up`, and the job again.',
    httpStatus: 500,
    retryable: false,
  },
  DUCKDB_QUERY_FAILED: {
    message:
      'DuckDB could not run a query: {problem}. Run `churn audit raw` and `churn audit offline`; if both find nothing, this is a fault of the platform: report it.',
    httpStatus: 500,
    retryable: false,
  },
  NOT_ENOUGH_TRAINING_DATA: {
    message:
      'There is not enough data to train as of {asOf}: {problem}. Backfill more days, or train as of a later one.',
    httpStatus: 409,
    retryable: false,
  },
  TRAINING_NOT_CONVERGED: {
    message:
      'Training gave no finite coefficients in {iterations} iterations. Look for extreme values in the training sample.',
    httpStatus: 500,
    retryable: false,
  },
  NO_MODEL: {
    message: 'No model is serving yet. Run `churn train`, then `churn models list`.',
    httpStatus: 503,
    retryable: true,
  },
  MODEL_NOT_FOUND: {
    message: 'There is no model version {version}. `churn models list` shows those there are.',
    httpStatus: 404,
    retryable: false,
  },
  CORRUPT_MODEL: {
    message:
      'Model {version} does not match its checksums or golden predictions: {problem}. Promote or roll back to another version.',
    httpStatus: 503,
    retryable: false,
  },
  SCHEMA_MISMATCH: {
    message:
      'The feature schema of {left} is not that of {right}. Backfill and retrain, or roll back.',
    httpStatus: 503,
    retryable: false,
  },
  PREDICTION_NOT_FOUND: {
    message: 'There is no logged prediction {predictionId}.',
    httpStatus: 404,
    retryable: false,
  },
  DRIFT_NOT_FOUND: {
    message: 'There is no drift report for {date}. The daily run of a day writes one.',
    httpStatus: 404,
    retryable: false,
  },
  BACKFILL_NOT_FOUND: {
    message: 'There is no backfill {id}. The answer that started one has its id.',
    httpStatus: 404,
    retryable: false,
  },
  BACKFILL_OVERLAP: {
    message:
      'Backfill {running} over {from} to {to} is running and overlaps. Wait for it, or cancel it.',
    httpStatus: 409,
    retryable: true,
  },
  RUN_FAILED: { message: '{what} failed: {problem}.', httpStatus: 500, retryable: false },
  REDIS_UNAVAILABLE: {
    message: "Redis can't be reached. `churn status` shows the services; `churn up` starts them.",
    httpStatus: 503,
    retryable: true,
  },
  POSTGRES_UNAVAILABLE: {
    message:
      "Postgres can't be reached. `churn status` shows the services; `churn up` starts them.",
    httpStatus: 503,
    retryable: true,
  },
  TEMPORAL_UNAVAILABLE: {
    message:
      "Temporal can't be reached. `churn status` shows the services; `churn up` starts them.",
    httpStatus: 503,
    retryable: true,
  },
  STORAGE_UNAVAILABLE: {
    message: "The data directory can't be written: {problem}. Free space, or mend its permissions.",
    httpStatus: 503,
    retryable: true,
  },
  STACK_NOT_RUNNING: {
    message: 'The services are not running. Run `npx churn up` (or `make up`) first.',
    httpStatus: 503,
    retryable: false,
  },
  SERVICE_FAILED_TO_START: {
    message: '{service} did not start: {problem}. Its log: {log}.',
    httpStatus: 500,
    retryable: false,
  },
  PORT_IN_USE: {
    message: 'Port {port} for {service} is in use. Free it, or set {variable} to another.',
    httpStatus: 500,
    retryable: false,
  },
  MISSING_TOOL: {
    message: '{tool} was not found and could not be installed: {problem}. {remedy}',
    httpStatus: 500,
    retryable: false,
  },
  PAYLOAD_TOO_LARGE: {
    message: 'The request body is larger than {limitBytes} bytes.',
    httpStatus: 413,
    retryable: false,
  },
  FORBIDDEN_HOST: {
    message:
      'Requests for this host or from this origin are refused. Use the address the service listens on.',
    httpStatus: 403,
    retryable: false,
  },
  NOT_FOUND: { message: 'There is nothing at {path}.', httpStatus: 404, retryable: false },
  INTERNAL: {
    message: 'Something went wrong on our side. The log has the details under id {id}.',
    httpStatus: 500,
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** An error from the catalogue. `details` never hold secrets: they are shown to people. */
export class ChurnError extends Error {
  override readonly name = 'ChurnError';

  constructor(
    readonly code: ErrorCode,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(renderMessage(code, details), options);
  }

  get httpStatus(): number {
    return errorCatalogue[this.code].httpStatus;
  }

  get retryable(): boolean {
    return errorCatalogue[this.code].retryable;
  }
}

function renderMessage(code: ErrorCode, details: ErrorDetails): string {
  return errorCatalogue[code].message.replaceAll(/\{(\w+)\}/g, (hole, name: string) =>
    name in details ? String(details[name]) : hole,
  );
}

/** True for a ChurnError, also one from another module realm (jest, bundles). */
export function isChurnError(error: unknown): error is ChurnError {
  return error instanceof Error && error.name === 'ChurnError' && 'code' in error;
}
