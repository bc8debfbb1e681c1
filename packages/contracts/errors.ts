import type { ErrorEntry } from './error-entry';
import { escapeUnprintable } from './escape-unprintable';
import { requestErrors } from './request-errors';

/**
 * Every error the platform raises on purpose, for the API, the command line and activities alike.
 * docs/API.md lists the same codes (a test compares them).
 */
export const errorCatalogue = {
  ...requestErrors,
  WRONG_USAGE: {
    message: '{problem}. Run `{command} --help` for its arguments and options.',
    httpStatus: 400,
    retryable: false,
  },
  INVALID_SETTING: {
    message:
      'Setting {variable} is not valid: {problem}. Correct it in the environment or in .env.',
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
  TOO_MANY_REJECTED: {
    message:
      'Nothing was imported, because too many rows were rejected (the limit is {limitPercent} % of a table). {problem}. Correct the files and import them again. To load the other rows as they are, run `churn import` with `--accept-rejected`. The setting CHURN_REJECTED_FAIL_PERCENT changes the limit.',
    httpStatus: 400,
    retryable: false,
  },
  NOTHING_ACCEPTED: {
    message:
      'Nothing was imported, because every row was rejected: {problem}. Correct the files and import them again.',
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
      'This installation holds {present} data, so {wanted} data cannot be loaded into it. Use another CHURN_DATA_DIR for that.',
    httpStatus: 409,
    retryable: false,
  },
  WORLD_MISMATCH: {
    message:
      'The data of this installation was generated with {present} and cannot be continued with {wanted}. Use the same seed, number of users and first day, or another CHURN_DATA_DIR.',
    httpStatus: 409,
    retryable: false,
  },
  GENERATE_GAP: {
    message:
      'Generating from {from} would leave a gap, because earlier days are not loaded yet. Start on {latestStart} or earlier.',
    httpStatus: 409,
    retryable: false,
  },
  INSTALLATION_MISMATCH: {
    message:
      '{store} belongs to another installation: its id is {found}, and that of this one is {expected} (none: nothing was loaded yet). Point DATABASE_URL, REDIS_URL and CHURN_DATA_DIR at the same installation.',
    httpStatus: 503,
    retryable: false,
  },
  DATABASE_NOT_MIGRATED: {
    message:
      'The database does not have the tables of this release: {problem}. Run `churn up` (in Docker, `make docker-up`), which brings them up to date, then try again.',
    httpStatus: 503,
    retryable: false,
  },
  EMPTY_DATABASE: {
    message:
      'This database is empty, but the data directory already holds {content}. Point DATABASE_URL at the database that belongs to this directory, or restore that database from a backup. To start afresh, choose another CHURN_DATA_DIR.',
    httpStatus: 500,
    retryable: false,
  },
  EARLIER_RELEASE_RUNNING: {
    message:
      '{service} of an earlier release (process {pid}) is still using this data directory, and this release must first move files in it. Stop the process with `churn down`, or by hand if `churn up` did not start it; then try again.',
    httpStatus: 409,
    retryable: false,
  },
  REVISIONS_DIFFER: {
    message:
      '{former} and {file} differ, although both claim to be the same revision. Move the one that does not belong to this database out of the data directory, then try again.',
    httpStatus: 500,
    retryable: false,
  },
  NO_DATA: {
    message: 'There is no data yet. Run `churn generate` or `churn import` first.',
    httpStatus: 409,
    retryable: false,
  },
  NO_PARTITION: {
    message:
      'No partition has been computed yet. Run `churn backfill` over the days that are loaded.',
    httpStatus: 409,
    retryable: false,
  },
  LOADS_MISSING: {
    message:
      'Load {batch} is needed, but Postgres has only loads 1 to {lastBatch}; it may have been restored from an older backup. Load again everything that had been loaded since that backup, one load after the other, in the same order.',
    httpStatus: 409,
    retryable: false,
  },
  LOAD_RUNNING: {
    message:
      'A load is running ({load}), and what is known can only be settled between loads. Try again when it has ended.',
    httpStatus: 503,
    retryable: true,
  },
  LEASE_EXPIRED: {
    message:
      'This process was silent for {seconds} s while {activity}: it was stopped, or Postgres was out of its reach. Another process has therefore ended its transaction, and nothing of it was stored. Try again.',
    httpStatus: 503,
    retryable: true,
  },
  UNKNOWN_USER: {
    message:
      'There are no features for user {userId}, who is unknown, or was not known yet at the moment whose knowledge is used. Users who have signed up since then appear with the next daily run.',
    httpStatus: 404,
    retryable: false,
  },
  PARTITION_NOT_FOUND: {
    message:
      'There is no feature partition for {date}, or its file is missing. If `churn partitions` shows one, run `churn repair offline`, which puts the file back as it was published. Otherwise run `churn backfill --from {date} --to {date}`.',
    httpStatus: 404,
    retryable: false,
  },
  NO_STATE: {
    message:
      'The partition of {date} has no is_subscribed column as this release defines it. Run `churn backfill --from {date} --to {date}` to add it.',
    httpStatus: 409,
    retryable: false,
  },
  PARTITION_BUSY: {
    message:
      'Another run is still computing the partition of {date}. Try again when `churn partitions` no longer shows it as running.',
    httpStatus: 409,
    retryable: true,
  },
  PARTITIONS_FAILED: {
    message: 'Partitions that could not be computed: {count}. The first, {date}, failed: {problem}',
    httpStatus: 500,
    retryable: true,
  },
  FENCED_OUT: {
    message:
      'A later attempt took over the partition of {date}, so this attempt published nothing. You need not do anything: the later attempt goes on with the work.',
    httpStatus: 409,
    retryable: false,
  },
  CORRUPT_PARTITION: {
    message:
      "The file {path} does not match its manifest. Run `churn repair offline`, which puts it back as it was published, or says what to do if it can't.",
    httpStatus: 500,
    retryable: false,
  },
  CORRUPT_ONLINE_KEY: {
    message:
      'The Redis key {key} is damaged: {problem}. Run `churn repair online`, which writes it again from the newest partition. If that fails with this error, make sure that this is the Redis of this installation, delete the key, and run it again.',
    httpStatus: 503,
    retryable: false,
  },
  CORRUPT_VECTOR: {
    message:
      'The online features of user {userId} are damaged: {problem}. Run `churn repair online`, which writes them again from the newest partition.',
    httpStatus: 503,
    retryable: false,
  },
  NO_FEATURES: {
    message:
      'No features are published in Redis yet, or Redis has lost some or all of them. The next daily run or backfill publishes them; if a partition exists, `churn repair online` does so now.',
    httpStatus: 503,
    retryable: true,
  },
  CORRUPT_FILE: {
    message:
      'The file {path} is damaged: {problem}. If it is in raw_log, run `churn repair raw`, which creates it again from Postgres, then repeat what failed. If it is in features or feature_revisions, run `churn repair offline`. The API and `churn up` write aliases.json of the models again by themselves, and `churn drift` a drift log. Restore any other file from a backup.',
    httpStatus: 500,
    retryable: false,
  },
  FILE_MISSING: {
    message:
      'The file {path} is missing. If it is in raw_log, the next attempt creates it again. If it is in features or feature_revisions, run `churn repair offline`. Restore any other file from a backup.',
    httpStatus: 500,
    retryable: true,
  },
  DUCKDB_OUT_OF_MEMORY: {
    message:
      'DuckDB needs more memory than CHURN_DUCKDB_MEMORY_MB allows ({memoryMegabytes} MB for {threads} threads, half of it in an import). Raise that setting or lower CHURN_DUCKDB_THREADS, then run `churn up` and repeat what failed.',
    httpStatus: 500,
    retryable: false,
  },
  DUCKDB_QUERY_FAILED: {
    message:
      'DuckDB could not run a query: {problem}. Run `churn audit raw` and `churn audit offline`; if neither finds damage, this is a bug in the platform: please report it.',
    httpStatus: 500,
    retryable: false,
  },
  NOT_ENOUGH_TRAINING_DATA: {
    message:
      'There is not enough data to train as of {asOf}: {problem}. Backfill more days, or train as of a later day.',
    httpStatus: 409,
    retryable: false,
  },
  TRAINING_NOT_CONVERGED: {
    message:
      'Training did not reach finite coefficients in {iterations} iterations. Look for extreme values in the features of the training days.',
    httpStatus: 500,
    retryable: false,
  },
  NO_MODEL: {
    message:
      'No model is serving. Run `churn train`. If `churn models list` then shows a model but no champion, `churn models show` with the version of that model says why it was not promoted.',
    httpStatus: 503,
    retryable: true,
  },
  MODEL_NOT_FOUND: {
    message:
      'There is no model version {version}. `churn models list` shows the versions that exist.',
    httpStatus: 404,
    retryable: false,
  },
  CORRUPT_MODEL: {
    message:
      'Model {version} does not match its checksums or golden predictions: {problem}. Restore its folder from a backup. If it is the champion, promote another version or roll back until then, or run `churn train` if there is no other.',
    httpStatus: 503,
    retryable: false,
  },
  NO_PREVIOUS_CHAMPION: {
    message:
      'Nothing was changed, because there is no previous champion to roll back to. `churn models list` shows the versions that can be promoted instead.',
    httpStatus: 409,
    retryable: false,
  },
  CHAMPION_CHANGED: {
    message:
      'Nothing was changed: the request was to replace champion {from}, but the champion is {champion}. `churn models list` shows the versions. If the change is still wanted, repeat it from the present champion.',
    httpStatus: 409,
    retryable: false,
  },
  SCHEMA_MISMATCH: {
    message:
      'The feature schemas of {left} and {right} differ. A promotion or rollback has changed nothing: choose a version whose schema is the present one, or run `churn train`. If it is the champion that does not fit, backfill the days of training and run `churn train`, or roll back to a version that fits.',
    httpStatus: 503,
    retryable: false,
  },
  PREDICTION_NOT_FOUND: {
    message:
      'There is no logged prediction {predictionId}. A prediction is logged within a second, and one made while Postgres is down when it is back: try again then.',
    httpStatus: 404,
    retryable: false,
  },
  DRIFT_NOT_FOUND: {
    message:
      'There is no drift report for {date}. The daily run of that date writes it; `churn drift --date` writes one now for a date that has a partition.',
    httpStatus: 404,
    retryable: false,
  },
  BACKFILL_NOT_FOUND: {
    message:
      'There is no backfill {id}. The response to the request that started a backfill contains its id, and `churn backfills list` shows it.',
    httpStatus: 404,
    retryable: false,
  },
  BACKFILL_OVERLAP: {
    message:
      'Backfill {running} of {from} to {to} has not ended and shares dates with this one. Wait for it to finish, or run `churn backfills cancel {running}`; if it is paused, `churn backfills resume {running}` has it go on.',
    httpStatus: 409,
    retryable: true,
  },
  BACKFILL_ENDED: {
    message:
      'Nothing was changed, because backfill {id} is no longer running ({status}). If its dates are still wanted, start another one over them when it has ended.',
    httpStatus: 409,
    retryable: false,
  },
  RUN_FAILED: { message: '{what} failed: {problem}.', httpStatus: 500, retryable: false },
  REDIS_UNAVAILABLE: {
    message: "Redis can't be reached. `churn status` shows the services; `churn up` starts them.",
    httpStatus: 503,
    retryable: true,
  },
  REDIS_CLUSTER: {
    message:
      'The Redis at REDIS_URL is a node of a Redis Cluster, which the platform cannot use. Set REDIS_URL to a single Redis, with replicas if you like.',
    httpStatus: 503,
    retryable: false,
  },
  REDIS_REFUSES_WRITES: {
    message:
      'Redis answers but refuses to write: {problem}. Reads, and so predictions, still work. Correct this in Redis, then try again.',
    httpStatus: 503,
    retryable: true,
  },
  REDIS_REFUSES_COMMANDS: {
    message:
      'Redis answers but refuses a command: {problem}. Correct REDIS_URL, or the user or the settings in Redis. If you changed REDIS_URL, run `churn up`. Then try again.',
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
    message:
      "The data directory, or the folder that the command was given, can't be read or written: {problem}. Correct this, for example by freeing disk space or changing permissions.",
    httpStatus: 503,
    retryable: true,
  },
  LOCK_HELD: {
    message:
      '{holder} is still {activity}. Wait until it has finished, then try again; if it hangs, stop it.',
    httpStatus: 409,
    retryable: true,
  },
  STACK_NOT_RUNNING: {
    message: 'The services are not running. Run `churn up` (or `make up`) first.',
    httpStatus: 503,
    retryable: false,
  },
  SERVICE_FAILED_TO_START: {
    message: '{service} did not start: {problem}. Its log is {log}.',
    httpStatus: 500,
    retryable: false,
  },
  PORT_IN_USE: {
    message:
      'Port {port} for {service} is in use. Free that port, or set {variable} to another one.',
    httpStatus: 500,
    retryable: false,
  },
  MISSING_TOOL: {
    message: '{tool} is not available: {problem}. {remedy}',
    httpStatus: 500,
    retryable: false,
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

/** What is filled in may be a sentence, or several, with a full stop of its own. */
function renderMessage(code: ErrorCode, details: ErrorDetails): string {
  const fill = (hole: string, name: string, stop = '') => {
    if (!(name in details)) return hole;
    const text = escapeUnprintable(String(details[name]), '\n\t');
    return text.endsWith('.') ? text : text + stop;
  };
  return errorCatalogue[code].message.replaceAll(/\{(\w+)\}(\.(?= |$))?/g, fill);
}

/** True for a ChurnError, also one from another module realm (jest, bundles). */
export function isChurnError(error: unknown): error is ChurnError {
  return error instanceof Error && error.name === 'ChurnError' && 'code' in error;
}
