import { breaksOf } from './breaks-of.mjs';

const loadLock = ['test/packages/raw-data/load-lock.integration.test.ts'];
const killed = ['test/packages/raw-data/killed.process.test.ts'];
const leases = breaksOf('packages/database/lock-lease.ts', loadLock);
const locks = breaksOf('packages/database/leased-lock.ts', loadLock);
const killedLoads = breaksOf('packages/database/leased-lock.ts', killed);
const rawLog = breaksOf('packages/raw-data/log/merge-log.ts', [
  'test/packages/raw-data/log/killed-merge.process.test.ts',
]);
const aborts = breaksOf('packages/database/begin-until-aborted.ts', loadLock);
const interruptions = breaksOf('packages/duckdb/interrupt-on-abort.ts', [
  'test/packages/raw-data/scratch.test.ts',
]);
const steps = breaksOf('packages/application/open/open-adapters.ts', [
  'test/packages/application/stopped-steps.integration.test.ts',
]);
const planning = breaksOf('packages/raw-data/load-lock.ts', loadLock);

/** Breaks of locks that processes hold for long, and of who waits for them. */
export const lockMutations = [
  leases(
    'the session of a lease',
    'ON session.pid = lease.backend_pid AND session.backend_start = lease.backend_start',
    'ON session.pid = lease.backend_pid',
  ),
  leases('renewals of a lease', 'SET renewed_at = clock_timestamp(), state', 'SET state'),
  leases('progress that a lease tells', 'state = { ...state, ...news }', '{}'),
  leases('a holder that is silent', 'SELECT pg_terminate_backend(session.pid)', 'SELECT 1'),
  leases(
    'a holder that is not silent for long enough',
    'AND renewed_at < clock_timestamp() - ${`${silentMillis} milliseconds`}::text::interval',
    'AND ${silentMillis}::integer > 0',
  ),
  locks('why a silent holder fails', 'await lease?.wasEnded()', '0 && lease?.wasEnded()'),
  killedLoads('a query of a process that is gone', "set_config(name, '5s', true)", 'name'),
  rawLog('a manifest of who has lost the raw log', 'await requireHeld(tx);', ''),
  locks('waiting for a lock that ends at once', "signal?.addEventListener('abort', begin);", ''),
  locks('what a wait tells', 'if (onWaiting) onWaiting(', 'if (!onWaiting) void ('),
  aborts('an abort during a query', 'SELECT pg_terminate_backend(pid)', 'SELECT pid'),
  aborts('an abort after a commit', "signal.removeEventListener('abort', end);", ''),
  interruptions('an abort during a query of another DuckDB', 'opened.add(single);', ''),
  steps(
    'an abort while the raw log is held',
    '{ ...rawLogOptions, ...(progress && rawLogWaitOf(progress)) }',
    'rawLogOptions',
  ),
  planning('the row counts of a load', '`${rows} of ${total} rows`', '`${rows} rows`'),
];
