import { dataPaths, type Config } from '../config';
import { dependents, isOfEarlierRelease } from './data-layout/earlier-release';
import { bringUpToDate, isUpToDate } from './data-layout/open-for-writing';
import { availableServices, recipes } from './recipes';
import type { ServiceName, StackEvent, StackStatus } from './service-names';
import type { StackContext } from './services/service-recipe';
import { stackStatus } from './stack-status';
import { withStackLock } from './stack-lock';
import { startService, stopService } from './start-service';
import { readStackState } from './state-file';

const LOCK_WAIT_MS = 120_000;

export interface StartOptions {
  readonly config: Config;
  /** Where tools are looked for and what the services inherit; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: all; the worker and the API as far as they are built. */
  readonly services?: readonly ServiceName[];
  readonly onEvent?: (event: StackEvent) => void;
  /** False: Postgres does not wait for the disk (tests). */
  readonly durable?: boolean;
}

/**
 * Starts what is not running, waits until all of it answers, and leaves it running when this
 * process ends. Services named by the environment are only checked. The database is migrated, the
 * data directory has this release's layout and Temporal knows the search attributes afterwards.
 *
 * @throws ChurnError SERVICE_FAILED_TO_START with the end of the service's log, PORT_IN_USE,
 * MISSING_TOOL, STORAGE_UNAVAILABLE, EARLIER_RELEASE_RUNNING, REVISIONS_DIFFER, or POSTGRES_, REDIS_, TEMPORAL_UNAVAILABLE of an external one
 */
export async function startStack(options: StartOptions): Promise<StackStatus> {
  const { config, env = process.env, onEvent = () => {}, durable = true } = options;
  const wanted = options.services ?? availableServices();
  const paths = dataPaths(config.dataDir);
  await withStackLock({ runDir: paths.run, waitMs: LOCK_WAIT_MS }, async () => {
    const context = { config, paths, env, state: readStackState(paths.run), durable };
    const start = (names: readonly ServiceName[]) =>
      startAll(
        names.filter((name) => wanted.includes(name)),
        context,
        onEvent,
      );
    await start(['postgres', 'redis', 'temporal']);
    await openDataDirectory(context, wanted, onEvent);
    await start(['worker', 'api']);
  });
  return stackStatus({ config });
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
    await stopService(recipes[service], context);
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
    names.map((name) => startService(recipes[name], context, onEvent)),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
