import { breaksOf } from './breaks-of.mjs';

const lostConnection = ['test/packages/database/lost-connection.integration.test.ts'];
const transactions = breaksOf('packages/database/transaction-client.ts', lostConnection);
const clients = breaksOf('packages/database/transaction-clients.ts', [
  'test/packages/database/transaction-clients.test.ts',
]);
const pools = breaksOf('packages/database/postgres-client.ts', lostConnection);
const copies = breaksOf('packages/database/copy-in.ts', [
  'test/packages/database/copy-in.integration.test.ts',
]);
const redisConnections = breaksOf('packages/online-store/open-redis.ts', [
  'test/packages/online-store/open-redis.integration.test.ts',
]);
const postgresUrls = breaksOf('packages/tls/postgres-connection.ts', [
  'test/packages/tls/connections.test.ts',
]);
const temporalSettings = breaksOf('packages/config/temporal-settings.ts', [
  'test/packages/config/temporal-settings.test.ts',
]);

/** Breaks of what becomes of connections to Postgres that are lost, of one to Redis that is closed, and of TLS. */
export const connectionMutations = [
  transactions(
    'the end of a transaction whose connection is lost',
    'return connection.isLost() ? new Promise<never>(() => {}) : result;',
    'return result;',
  ),
  transactions(
    'a query after the connection is lost',
    'if (connection.isLost()) return query.reject(connectionLost());',
    '',
  ),
  transactions('a transaction that fails before its work has ended', 'await ended;\n      }', '}'),
  transactions('a transaction of a process that was stopped', 'await limitIdleTime();', ''),
  clients('who waits at the end', 'requireOpen();\n        return', 'return'),
  clients(
    'a connection that is about to end',
    'idle = idle.filter((kept) => kept.client !== client);',
    '',
  ),
  pools('a pool with a lost connection', 'current = open();\n        const', 'const'),
  copies(
    'a COPY whose constraints break',
    'void Object.assign(query, { reject }));',
    'void [query, reject]);',
  ),
  redisConnections(
    'a closed connection that keeps the process alive',
    'DISCONNECT_TIMEOUT_MS = 100;',
    'DISCONNECT_TIMEOUT_MS = 2_000;',
  ),
  postgresUrls(
    'certificate files without sslmode',
    "files.length > 0 || isSystem ? 'verify-full' : 'disable'",
    "isSystem ? 'verify-full' : 'disable'",
  ),
  postgresUrls(
    'sslrootcert=system without sslmode',
    'files.length > 0 || isSystem',
    'files.length > 0',
  ),
  postgresUrls(
    'sslrootcert=system beside a weaker mode',
    "isSystem && mode !== 'verify-full'",
    "isSystem && mode === 'disable'",
  ),
  postgresUrls('sslmode=require with an authority', " || 'ca' in material", ''),
  temporalSettings(
    'a profile that nobody has named',
    'disableFile: !usesFile',
    'disableFile: false',
  ),
];
