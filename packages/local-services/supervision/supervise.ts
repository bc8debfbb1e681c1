import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataPaths } from '../../config';
import { isChurnError } from '../../contracts';
import { isAlive } from '../../durable-files';
import { rotateLog } from '../processes/service-log';
import { withStackLock } from '../processes/stack-lock';
import { serviceRecipes } from '../service-recipes';
import { serviceNames, type RestartStatus, type ServiceName } from '../service-names';
import type { ServiceRecipe, StackContext } from '../services/service-recipe';
import { startService } from '../start-service';
import { readStackState } from '../state-file';
import { backOff, type BackOff } from './back-off';
import { readSupervisor, writeSupervisor } from './supervisor-record';

const POLL_MILLIS = 500;
const LOGS_EVERY_MILLIS = 30_000;
/** Whoever starts or stops services meanwhile sees to them. */
const LOCK_WAIT_MILLIS = 1_000;

export interface SupervisionEvent {
  readonly service: ServiceName;
  readonly what: 'crashed' | 'restarted' | 'not restarted';
  readonly problem?: string;
}

type ServiceRecipes = Readonly<Record<ServiceName, ServiceRecipe>>;

export interface Supervision extends Omit<StackContext, 'state'> {
  /** The process that supervises, as run/supervisor.json names it. */
  readonly pid: number;
  readonly stop: AbortSignal;
  readonly onEvent: (event: SupervisionEvent) => void;
  /** Default: those of the embedded services. */
  readonly recipes?: ServiceRecipes;
}

/**
 * Starts services of a data directory again when they have ended without having been stopped: at once,
 * and later and later where that does not help. Keeps their logs small meanwhile. Ends when it is told to, when nothing is left to
 * supervise, or when run/supervisor.json names another process.
 */
export async function supervise(supervision: Supervision): Promise<void> {
  const { paths, pid, stop } = supervision;
  const backOffs = new Map<ServiceName, BackOff>();
  await waitForStarter(supervision);
  let logsAt = -Infinity;
  while (!stop.aborted) {
    if (performance.now() - logsAt >= LOGS_EVERY_MILLIS) {
      rotateLogs(paths);
      logsAt = performance.now();
    }
    const context = contextOf(supervision);
    const isWanted = serviceNames.some((name) => isSupervisedService(context, name));
    if (!isWanted || readSupervisor(paths.run)?.pid !== pid) return;
    const due = crashedIn(context).filter(
      (name) => Date.now() >= (backOffs.get(name)?.notBefore ?? 0),
    );
    if (due.length > 0) await restart(supervision, due, backOffs);
    await delay(POLL_MILLIS, undefined, { signal: stop }).catch(() => {});
  }
}

/** Of the services and of the supervisor itself; their processes go on writing. */
function rotateLogs({ logs }: DataPaths): void {
  for (const name of [...serviceNames, 'supervisor']) {
    try {
      rotateLog(path.join(logs, `${name}.log`));
    } catch {
      // The disk is full or can't be written: nothing that a supervisor should end for.
    }
  }
}

/** The process that started this one holds the lock until the record names it, or ends it again. */
async function waitForStarter({ paths, stop }: Supervision): Promise<void> {
  while (!stop.aborted) {
    try {
      await withStackLock({ runDir: paths.run, waitMs: LOCK_WAIT_MILLIS }, async () => {});
      return;
    } catch (error) {
      if (!isLockHeld(error)) throw error;
    }
  }
}

const isLockHeld = (error: unknown) => isChurnError(error) && error.code === 'LOCK_HELD';

interface SupervisedStack extends StackContext {
  readonly recipes: ServiceRecipes;
}

/** The stack as it is recorded now. */
function contextOf({ recipes = serviceRecipes, ...supervision }: Supervision): SupervisedStack {
  return { ...supervision, recipes, state: readStackState(supervision.paths.run) };
}

/**
 * What `churn down` has stopped has no pid any more. A server that the environment names may have the
 * pid of an embedded one that ran before it.
 */
function isSupervisedService(
  { config, recipes, state }: SupervisedStack,
  name: ServiceName,
): boolean {
  return typeof state[name]?.pid === 'number' && recipes[name].external(config) === undefined;
}

function crashedIn(context: SupervisedStack): ServiceName[] {
  const { state } = context;
  return serviceNames.filter(
    (name) =>
      isSupervisedService(context, name) && !isAlive(state[name]!.pid, state[name]!.identity),
  );
}

async function restart(
  supervision: Supervision,
  due: readonly ServiceName[],
  backOffs: Map<ServiceName, BackOff>,
): Promise<void> {
  const { paths, stop, onEvent } = supervision;
  const before = new Map(backOffs);
  for (const name of due) backOffs.set(name, backOff(before.get(name), Date.now()));
  const work = async () => {
    const context = contextOf(supervision);
    // By now the process that had the lock may have started or stopped them.
    for (const name of crashedIn(context).filter((name) => due.includes(name))) {
      if (stop.aborted) return;
      onEvent({ service: name, what: 'crashed' });
      const problem = await startAgain(supervision, context, name);
      recordRestart(supervision, name, { attempt: backOffs.get(name)!, problem });
    }
    await followAddresses(supervision, context, backOffs);
  };
  try {
    await withStackLock({ runDir: paths.run, waitMs: LOCK_WAIT_MILLIS }, work);
  } catch (error) {
    for (const name of due) {
      const known = before.get(name);
      if (!isLockHeld(error)) {
        onEvent({ service: name, what: 'not restarted', problem: String(error) });
      } else if (known) backOffs.set(name, known);
      else backOffs.delete(name);
    }
  }
}

/** Returns why it did not start; null when it did. */
async function startAgain(
  { onEvent }: Supervision,
  context: SupervisedStack,
  name: ServiceName,
): Promise<string | null> {
  try {
    await startService(context.recipes[name], context, () => {});
    onEvent({ service: name, what: 'restarted' });
    return null;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    // It may run all the same, where only what follows its start has failed.
    const { pid = null, identity = null } = context.state[name] ?? {};
    const isRunning = isAlive(pid, identity);
    onEvent({ service: name, what: isRunning ? 'restarted' : 'not restarted', problem });
    return isRunning ? null : problem;
  }
}

interface Restart {
  readonly attempt: BackOff;
  readonly problem: string | null;
}

function recordRestart({ paths }: Supervision, name: ServiceName, restart: Restart): void {
  const record = readSupervisor(paths.run);
  if (!record) return;
  const restarts = { ...record.restarts, [name]: counted(record.restarts[name], restart) };
  writeSupervisor(paths.run, { ...record, restarts });
}

function counted(before: RestartStatus | undefined, { attempt, problem }: Restart): RestartStatus {
  const count = (before?.count ?? 0) + (problem === null ? 1 : 0);
  const next = problem === null ? null : new Date(attempt.notBefore).toISOString();
  return { count, last_at: new Date(attempt.lastAt).toISOString(), problem, next_at: next };
}

/**
 * A server whose port another program has taken meanwhile has a new one, which others have to know.
 * One of them that does not start with it is tried again like one that has crashed.
 */
async function followAddresses(
  supervision: Supervision,
  context: SupervisedStack,
  backOffs: Map<ServiceName, BackOff>,
): Promise<void> {
  for (const name of ['worker', 'api'] as const) {
    if (supervision.stop.aborted) return;
    const state = context.state[name];
    if (!state || !isAlive(state.pid, state.identity)) continue;
    if (state.fingerprint === context.recipes[name].fingerprint?.(context)) continue;
    const attempt = backOff(backOffs.get(name), Date.now());
    const problem = await startAgain(supervision, context, name);
    if (problem === null) continue;
    backOffs.set(name, attempt);
    recordRestart(supervision, name, { attempt, problem });
  }
}
