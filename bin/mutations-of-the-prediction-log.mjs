import { breaksOf } from './breaks-of.mjs';

const log = breaksOf('api/predict/prediction-log.ts', ['test/api/prediction-log.test.ts']);
const spool = breaksOf('api/predict/prediction-spool.ts', ['test/api/prediction-spool.test.ts']);
const segments = breaksOf('api/predict/spool-segment.ts', ['test/api/prediction-spool.test.ts']);
const owners = breaksOf('api/predict/spool-owner.ts', ['test/api/prediction-spool.test.ts']);
const hosts = breaksOf('packages/durable-files/process-host.ts', [
  'test/packages/durable-files/process-host.test.ts',
]);
const counts = breaksOf('api/predict/spool-counts.ts', ['test/api/prediction-spool.test.ts']);
const connections = breaksOf('api/http/drain-connections.ts', [
  'test/api/start-api.integration.test.ts',
]);

const arrays = breaksOf('packages/database/postgres-client.ts', [
  'test/packages/database/array-types.integration.test.ts',
]);

export const predictionLogMutations = [
  arrays('connections that ask for the types of arrays', 'fetch_types: false', 'fetch_types: true'),
  log(
    'predictions are spooled while the process runs',
    'if (!isWritten) await this.spoolPending();\n    this.startLoading();',
    'this.startLoading();',
  ),
  log(
    'what is spooled is logged first',
    'this.spooled === 0 && !this.unfinished',
    '!this.unfinished',
  ),
  log('memory that fills up ends the waiting', 'this.hurry?.();', ';'),
  log('a database that hangs is not asked twice', '&& !this.unfinished', ''),
  log(
    'an insert that is never answered is abandoned',
    'within(this.abandonAfterMs, inserting)',
    'inserting',
  ),
  log(
    'a shutdown spools what is left',
    'if (!isWritten) await this.spoolPending();\n    const lost',
    'const lost',
  ),
  log('a shutdown counts what it loses', 'spool.countDropped(lost);', ''),
  spool(
    'a file is kept until it was taken',
    'await write(rows);',
    'void write(rows).catch(() => {});',
  ),
  owners(
    'files of a process that lives are left to it',
    'if (!found || !isGone(owner, Date.now() - found.mtimeMs)) return undefined;',
    'if (!found) return undefined;',
  ),
  spool(
    'nothing is spooled beyond the share of the disk',
    'if (percent < diskPercent) return;',
    'return;',
  ),
  spool('files of the release before are logged', '...(await this.adoptFormer()), ', ''),
  spool(
    'a file takes the place of no other one',
    'await stat(this.pathOf(name)).catch(ignoreMissing); free',
    'false; free',
  ),
  spool(
    'files are shown to be held',
    'if (!(await showsAlive(this.pathOf(file.name)))) taken.add(file);',
    '',
  ),
  spool(
    'a file that could not be read is tried again',
    'this.unreadable = [...this.unreadable, file];',
    '',
  ),
  segments(
    'a file that was taken over is noticed',
    'return named?.ino === mine.ino;',
    'return true;',
  ),
  owners(
    'a file of another machine waits for a minute',
    'fileAgeMs > ELSEWHERE_GONE_AFTER_MS',
    'true',
  ),
  hosts('a container has pids of its own', 'return `${hostname()}-${number}`', 'return hostname()'),
  owners(
    'a spool of a pid that another process has by now',
    'identityOf(owner.pid) !== owner.identity',
    "identityOf(owner.pid) === 'none'",
  ),
  counts('counts go on in the file of the process before', 'this.file = file;', ''),
  counts(
    'counts of several processes add up',
    'this.inherited.set(file, counts)',
    'this.inherited.set(this.file, counts)',
  ),
  connections('clients that never finish', 'fastify.server.closeAllConnections()', '{}'),
];
