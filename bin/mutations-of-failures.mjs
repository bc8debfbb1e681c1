import { breaksOf } from './breaks-of.mjs';

const translated = breaksOf('packages/duckdb/duckdb-errors.ts', [
  'test/packages/duckdb/duckdb-errors.test.ts',
]);
const connections = breaksOf('packages/duckdb/translate-errors.ts', [
  'test/packages/duckdb/duckdb-errors.test.ts',
]);
const attempts = breaksOf('activities/report-attempts.ts', [
  'test/activities/pipeline-activities.test.ts',
]);
const failures = breaksOf('activities/to-activity-failure.ts', [
  'test/activities/pipeline-activities.test.ts',
]);
const dailyRuns = breaksOf('workflows/daily-run.ts', ['test/workflows/daily-run.workflow.test.ts']);
const alerts = breaksOf('packages/drift/record-alert.ts', [
  'test/packages/drift/record-alert.integration.test.ts',
]);
const keys = breaksOf('packages/online-store/redis-errors.ts', [
  'test/packages/online-store/forward-only-scripts.integration.test.ts',
]);
const decodes = breaksOf('packages/online-store/decode-vector.ts', [
  'test/packages/online-store/decode-vector.test.ts',
]);
const servable = breaksOf('packages/online-store/online-state.ts', [
  'test/packages/online-store/serving/online-reader.integration.test.ts',
]);
const serves = breaksOf('packages/online-store/serving/online-reader.ts', [
  'test/packages/online-store/serving/online-reader.integration.test.ts',
]);
const servedReads = breaksOf('packages/online-store/read-online.ts', [
  'test/packages/online-store/serving/online-reader.integration.test.ts',
]);
const repairs = breaksOf('packages/online-store/repair/exact-scripts.ts', [
  'test/packages/online-store/repair/repair-online.integration.test.ts',
]);
const loads = breaksOf('packages/raw-data/scratch.ts', ['test/packages/raw-data/scratch.test.ts']);

const locks = breaksOf('packages/durable-files/file-lock.ts', [
  'test/packages/durable-files/file-lock.test.ts',
]);

const database = breaksOf('packages/database/open-database.ts', [
  'test/packages/cli/not-migrated.integration.test.ts',
]);
const documented = breaksOf('api/port-problems.ts', [
  'test/api/documented-problems.integration.test.ts',
]);
const plansBackfills = breaksOf('packages/application/backfills/temporal-runs.ts', [
  'test/packages/application/backfills/dates-before-data.integration.test.ts',
]);
const answersBackfills = breaksOf('api/backfills/backfills.controller.ts', [
  'test/api/backfills.test.ts',
]);
const records = breaksOf('packages/modeling/training/training-metadata.ts', [
  'test/packages/modeling/training/train-model.test.ts',
]);
const trains = breaksOf('packages/application/models/model-services.ts', [
  'test/acceptance/who-has-left.integration.test.ts',
]);
const stamps = breaksOf('packages/application/models/code-version.ts', [
  'test/packages/application/models/code-version.test.ts',
]);
const shortOfDays = breaksOf('packages/modeling/training/training-inputs.ts', [
  'test/packages/modeling/train-model-inputs.test.ts',
]);
const opens = breaksOf('packages/local-services/data-layout/open-for-writing.ts', [
  'test/packages/cli/full-disk.process.test.ts',
]);
const stops = breaksOf('packages/local-services/stop-stack.ts', [
  'test/packages/local-services/stop-stack.process.test.ts',
]);
const refusedByPostgres = breaksOf('packages/local-services/services/postgres.ts', [
  'test/packages/local-services/stack.process.test.ts',
]);
const refusedByRedis = breaksOf('packages/local-services/with-redis-once.ts', [
  'test/packages/local-services/stack.process.test.ts',
]);

/** Breaks of what people are told of failures and of where a model comes from, and of locks that outlive their holders. */
export const failureMutations = [
  locks(
    'a pid that another process has by now',
    'return !isSameProcess(owner.pid, owner.identity);',
    'return false;',
  ),
  locks('the machine of a holder', "isHere ? '' : ` on ${owner.host}`", "isHere ? '' : ''"),
  translated('no room to spill is no want of memory', '|max_temp_directory_size', ''),
  translated('values in messages', 'if (!aboutTheQuery.has(kind)) return kind;', ''),
  translated(
    'the damaged file among others',
    'files.length > 1 ? await context.findUnreadable(files) : files[0]',
    'files[0]',
  ),
  connections('errors of a stream', 'translated.stream = refuse;', ''),
  attempts(
    'an alert from the second attempt on',
    'ALERT_FROM_ATTEMPT = 2',
    'ALERT_FROM_ATTEMPT = 3',
  ),
  attempts('attempts that were killed', 'attempt !== ALERT_FROM_ATTEMPT + 1', 'attempt > 0'),
  dailyRuns(
    'deadlines that pass before a run has begun',
    'if (!(await condition(() => hasEnded, BEGIN_PATIENCE))) onWaiting();',
    '',
  ),
  dailyRuns(
    'the alert of a run whose end can not be recorded',
    "state.firstError = { step: 'finish_daily_run', error };\n      await alertOfFailure(report, state.firstError);",
    "state.firstError = { step: 'finish_daily_run', error };",
  ),
  dailyRuns(
    'the alert of a failure before the ledger is asked',
    'if (alertsFirst) await alertOfFailure(report, state.firstError);',
    '',
  ),
  attempts('the last attempt', 'if (isLast || isFinal) return;', 'if (isFinal) return;'),
  failures(
    'full disks of activities',
    'asStorageError(asDatabaseError(error))',
    'asDatabaseError(error)',
  ),
  failures(
    'causes stay in the process',
    'details: [known.details],',
    'details: [known.details],\n      cause: known.cause,',
  ),
  alerts(
    'the row while the disk takes no line',
    '.catch((error: Error) => (lineFailure = error))',
    '',
  ),
  alerts(
    'the line while Postgres is down',
    'await appendOnce(logsDir, alert, raisedAt).catch(() => false);',
    'false;',
  ),
  keys(
    'the key of another type',
    "if (type === 'string' || type === 'none') continue;",
    'continue;',
  ),
  decodes(
    'the vector of another user',
    "if (vector.user_id !== userId) return 'they are those of another user';",
    '',
  ),
  decodes('a hash that does not fit', '=== vector_hash ? undefined', '!== vector_hash ? undefined'),
  decodes('a feature too many', 'countOf(values) !== known.length', 'countOf(values) < 0'),
  servable('whose Redis it is', 'refuseOther(owner, expected);', ''),
  servable('that nothing is published', "if (!metaText) throw new ChurnError('NO_FEATURES');", ''),
  serves('what a new connection may serve', "redis.on('close', this.forget);", ''),
  serves(
    'a vector later than any sync',
    'if (!isFromFuture(vector, state)) return vector;',
    'return vector;',
  ),
  servedReads(
    'a user whose vector was lost',
    "if (reply === null && hasLost) return new ChurnError('NO_FEATURES');",
    '',
  ),
  servedReads('users whom a sync removes', 'if (isSyncing) return false;', ''),
  repairs('a sync meanwhile', "if (stored or '') ~= ARGV[1] then return 0 end", ''),
  database('a column that is not there yet', "'42P01', '42703'", "'42P01'"),
  database('a table that is not there yet', "'42P01', '42703'", "'42703'"),
  documented(
    'routes say that the database may be that of an older release',
    "['POSTGRES_UNAVAILABLE', 'DATABASE_NOT_MIGRATED']",
    "['POSTGRES_UNAVAILABLE']",
  ),
  plansBackfills(
    'a plan warns of dates before the data',
    'warnings: await warnBeforeData(adapters, request)',
    'warnings: []',
  ),
  answersBackfills(
    'the API passes on what a backfill warns of',
    'return { id, status, warnings };',
    'return { id, status, warnings: [] };',
  ),
  shortOfDays(
    'the backfill reaches over the days that lists and drift need',
    'rangeOf(datesOf(lacking))',
    'rangeOf(datesOf(leftOut))',
  ),
  records(
    'a model records the code that trained it',
    'code_version: options.codeVersion',
    'code_version: null',
  ),
  trains(
    'training is told which code it is',
    'codeVersion: await readCodeVersion()',
    "codeVersion: ''",
  ),
  stamps('the commit of a build is its version', 'if (commit !== undefined) return commit;', ''),
  loads('a disk that takes no load', 'throw asStorageError(error);', 'throw error;'),
  refusedByPostgres('a password that Postgres refuses', 'refusals[code] ?? ', ''),
  refusedByRedis('a password that Redis refuses', 'reason ?? error', 'error'),
  opens('a full disk at the start of a job', 'await requireWritable(paths.scratch);', ''),
  stops('a full disk and the lock of a stop', 'isOptional: true', 'isOptional: false'),
  stops(
    'a full disk and the record of a stop',
    'warnings.add(notRecorded(error));',
    'throw error;',
  ),
];
