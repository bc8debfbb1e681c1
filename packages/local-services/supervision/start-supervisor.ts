import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { DataPaths } from '../../config';
import { isAlive } from '../../durable-files';
import { spawnDetached, stopProcess } from '../processes/detached-process';
import { repositoryRoot } from '../repository-root';
import { settingsFingerprint } from '../services/node-service';
import type { StackContext } from '../services/service-recipe';
import type { ServiceName } from '../service-names';
import type { StackState } from '../state-file';
import {
  isSupervised,
  readSupervisor,
  supervisorFile,
  writeSupervisor,
  type Restarts,
} from './supervisor-record';

/** A restart that is under way may end. */
const STOP_DEADLINE_MILLIS = 30_000;
const HEAP_MEGABYTES = 64;

/**
 * Makes sure that the services that run here are supervised, with the settings of this start. One
 * that was started with others, or by another build, is replaced. The caller holds the stack's lock.
 */
export async function startSupervisor(context: StackContext): Promise<void> {
  const { paths, durable } = context;
  const isAnyRunning = Object.values(context.state).some(({ pid, identity }) =>
    isAlive(pid, identity),
  );
  if (!existsSync(entryPoint()) || !isAnyRunning) return;
  const fingerprint = settingsFingerprint(context);
  const present = readSupervisor(paths.run);
  if (isSupervised(present) && present.fingerprint === fingerprint) {
    const restarts = withoutProblemsOfRunning(present.restarts, context.state);
    writeSupervisor(paths.run, { ...present, restarts });
    return;
  }
  await stopSupervisor(paths);
  const { pid, identity } = spawnDetached(
    {
      command: process.execPath,
      args: [
        `--max-old-space-size=${HEAP_MEGABYTES}`,
        entryPoint(),
        ...(durable ? [] : ['--without-fsync']),
      ],
      env: { CHURN_DATA_DIR: context.config.dataDir },
    },
    {
      logFile: path.join(paths.logs, 'supervisor.log'),
      cwd: repositoryRoot(),
      env: context.env,
    },
  );
  writeSupervisor(paths.run, { pid, identity, fingerprint, restarts: {} });
}

/** What did not start for the supervisor may have been started by `up`. */
function withoutProblemsOfRunning(restarts: Restarts, state: StackState): Restarts {
  const kept = Object.entries(restarts).flatMap(([name, restart]) => {
    const { pid = null, identity = null } = state[name as ServiceName] ?? {};
    if (restart.problem === null || !isAlive(pid, identity)) return [[name, restart]];
    return restart.count === 0 ? [] : [[name, { ...restart, problem: null, next_at: null }]];
  });
  return Object.fromEntries(kept) as Restarts;
}

/** Before services are stopped: it would start them again. */
export async function stopSupervisor({ run }: Pick<DataPaths, 'run'>): Promise<void> {
  const present = readSupervisor(run);
  if (!present) return;
  const deadlineMs = STOP_DEADLINE_MILLIS;
  await stopProcess({ ...present, signal: 'SIGTERM', deadlineMs });
  try {
    rmSync(supervisorFile(run), { force: true });
  } catch {
    // On a disk that can't be written it stays, and names a process that is gone.
  }
}

const entryPoint = () =>
  path.join(repositoryRoot(), 'dist/packages/local-services/supervision/main.js');
