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
const alerts = breaksOf('packages/drift/record-alert.ts', [
  'test/packages/drift/record-alert.integration.test.ts',
]);
const keys = breaksOf('packages/online-store/redis-errors.ts', [
  'test/packages/online-store/forward-only-scripts.integration.test.ts',
]);
const loads = breaksOf('packages/raw-data/scratch.ts', ['test/packages/raw-data/scratch.test.ts']);

const locks = breaksOf('packages/durable-files/file-lock.ts', [
  'test/packages/durable-files/file-lock.test.ts',
]);

/** Breaks of what people are told of failures, and of locks that outlive their holders. */
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
    'await appendOnce(logsDir, alert, raisedAt).catch(() => {});',
    '',
  ),
  keys(
    'the key of another type',
    "if (type === 'string' || type === 'none') continue;",
    'continue;',
  ),
  loads('a disk that takes no load', 'throw asStorageError(error);', 'throw error;'),
];
