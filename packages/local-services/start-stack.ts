import { dataPaths, type Config } from '../config';
import { minorUnitDigits as digitsOf } from '../currencies';
import { databaseUrlOf, redisUrlOf } from './connections';
import { dependents, isOfEarlierRelease } from './data-layout/earlier-release';
import { bringUpToDate, isUpToDate } from './data-layout/open-for-writing';
import { claimDirectory } from './installation/directory-installation';
import { requireOwnRedis } from './installation/require-own-servers';
import { availableServices, serviceRecipes } from './service-recipes';
import type { ServiceName, StackEvent, StackStatus } from './service-names';
import type { StackContext } from './services/service-recipe';
import { stackStatus } from './stack-status';
import { withStackLock } from './processes/stack-lock';
import { startService, stopService } from './start-service';
import { readStackState } from './state-file';
import { startSupervisor } from './supervision/start-supervisor';

export interface StartOptions {
  readonly config: Config;
  /** Where tools are looked for and what the services inherit; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: all; the worker and the API as far as they are built. */
  readonly services?: readonly ServiceName[];
  readonly onEvent?: (event: StackEvent) => void;
  /** Whether a process is left behind that starts services again when they crash; default: no. */
  readonly isSupervised?: boolean;
  /** False: Postgres does not wait for the disk (tests). */
  readonly durable?: boolean;
}

/**
 * Starts what is not running, waits until all of it answers, and leaves it running when this
 * process ends. Services named by the environment are only checked. The database is migrated, the
 * data directory has this release's layout and Temporal knows the search attributes afterwards.
 *
 * @throws ChurnError INSTALLATION_MISMATCH or EMPTY_DATABASE when Postgres or Redis is not that of
 * the data directory, before anything has changed in it; INVALID_SETTING when its amounts are in another
 * currency; EARLIER_RELEASE_RUNNING or REVISIONS_DIFFER
 * when the directory can't get this release's layout; SERVICE_FAILED_TO_START with the end of the
 * service's log, PORT_IN_USE, MISSING_TOOL, STORAGE_UNAVAILABLE; of an external one INVALID_SETTING,
 * POSTGRES_, REDIS_ or TEMPORAL_UNAVAILABLE, REDIS_REFUSES_WRITES or CORRUPT_ONLINE_KEY
 */
export async function startStack(options: StartOptions): Promise<StackStatus> {
  const { config, env = process.env, onEvent = () => {}, durable = true } = options;
  const wanted = options.services ?? availableServices();
  const paths = dataPaths(config.dataDir);
  await withStackLock({ runDir: paths.run }, async () => {
    const context = { config, paths, env, state: readStackState(paths.run), durable };
    const start = (names: readonly ServiceName[]) =>
      startAll(
        names.filter((name) => wanted.includes(name)),
        context,
        onEvent,
      );
    try {
      await start(['postgres', 'redis', 'temporal']);
      await requireOneInstallation(context, wanted);
      await openDataDirectory(context, wanted, onEvent);
      await start(['worker', 'api']);
    } catch (error) {
      // Those that run may crash all the same. A supervisor that can't be started either must not
      // hide why the start failed.
      if (options.isSupervised) await startSupervisor(context).catch(() => {});
      throw error;
    }
    if (options.isSupervised) await startSupervisor(context);
  });
  return stackStatus({ config });
}

/** The database is the directory's by now (services/postgres.ts); Redis has to be the same one's. */
async function requireOneInstallation(
  { config, paths, state }: StackContext,
  wanted: readonly ServiceName[],
): Promise<void> {
  if (!wanted.includes('postgres')) return;
  const { openDatabase, readInstallationId, requireCurrency } = await import('../database');
  const database = openDatabase(databaseUrlOf(config, state)!, { maxConnections: 1 });
  try {
    const id = await readInstallationId(database.sql);
    if (id !== undefined) await claimDirectory(paths, id);
    if (wanted.includes('redis')) await requireOwnRedis(redisUrlOf(config, state)!, id);
    const { currency } = config;
    const minorUnitDigits = digitsOf(currency)!;
    if (id !== undefined) await requireCurrency(database.sql, { currency, minorUnitDigits });
  } finally {
    await database.close();
  }
}

/** A worker and an API of an earlier release are about to be replaced anyway: they go before. */
async function openDataDirectory(
  context: StackContext,
  wanted: readonly ServiceName[],
  onEvent: (event: StackEvent) => void,
): Promise<void> {
  if (isUpToDate(context.paths)) return;
  for (const service of dependents.filter((name) => wanted.includes(name))) {
    if (!isOfEarlierRelease(context.state[service])) continue;
    onEvent({ service, kind: 'stopping' });
    await stopService(serviceRecipes[service], context);
    onEvent({ service, kind: 'stopped' });
  }
  await bringUpToDate(context.paths, context.state);
}

/** Starts side by side; all settle before the first error is raised, so that nothing is half known. */
async function startAll(
  names: readonly ServiceName[],
  context: StackContext,
  onEvent: (event: StackEvent) => void,
): Promise<void> {
  const results = await Promise.allSettled(
    names.map((name) => startService(serviceRecipes[name], context, onEvent)),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
