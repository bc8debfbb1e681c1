import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataPaths } from '../../config';
import { isChurnError } from '../../contracts';
import { isAlive } from '../../durable-files';
import { rotateLog } from '../processes/service-log';
import { withStackLock } from '../processes/stack-lock';
import { serviceRecipes } from '../service-recipes';
import { serviceNames, type RestartStatus, type ServiceName } from '../service-names';
import type { StackContext } from '../services/service-recipe';
import { startService } from '../start-service';
import { readStackState, writeStackState, type StackState } from '../state-file';
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

export interface Supervision extends Omit<StackContext, 'state'> {
  /** The process that supervises, as run/supervisor.json names it. */
  readonly pid: number;
  readonly stop: AbortSignal;
  readonly onEvent: (event: SupervisionEvent) => void;
}

/**
 * Starts services of a data directory again when they have ended without having been stopped: at once,
 * and later and later where that does not help. Keeps their logs small meanwhile. Ends when it is told to, when nothing is left to
 * supervise, or when run/supervisor.json names another process.
 */
export async function supervise(supervision: Supervision): Promise<void> {
  const { paths, pid, stop } = supervision;
  const backOffs = new Map<ServiceName, BackOff>();
  // The process that started this one holds the lock until the record names it.
  await withStackLock({ runDir: paths.run }, async () => {});
  let logsAt = -Infinity;
  while (!stop.aborted) {
    if (performance.now() - logsAt >= LOGS_EVERY_MILLIS) {
      rotateLogs(paths);
      logsAt = performance.now();
    }
    const state = readStackState(paths.run);
    const isWanted = serviceNames.some((name) => isRecorded(state, name));
    if (!isWanted || readSupervisor(paths.run)?.pid !== pid) return;
    const due = crashedIn(state).filter(
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

/** What `churn down` has stopped has no pid any more. */
function isRecorded(state: StackState, name: ServiceName): boolean {
  return typeof state[name]?.pid === 'number';
}

function crashedIn(state: StackState): ServiceName[] {
  return serviceNames.filter(
    (name) => isRecorded(state, name) && !isAlive(state[name]!.pid, state[name]!.identity),
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
    const context = { ...supervision, state: readStackState(paths.run) };
    // By now the process that had the lock may have started or stopped them.
    for (const name of crashedIn(context.state).filter((name) => due.includes(name))) {
      if (stop.aborted) return;
      await restartOne(supervision, context, { name, attempt: backOffs.get(name)! });
    }
    await followAddresses(context);
  };
  try {
    await withStackLock({ runDir: paths.run, waitMs: LOCK_WAIT_MILLIS }, work);
  } catch (error) {
    const isHeld = isChurnError(error) && error.code === 'LOCK_HELD';
    for (const name of due) {
      const known = before.get(name);
      if (!isHeld) onEvent({ service: name, what: 'not restarted', problem: String(error) });
      else if (known) backOffs.set(name, known);
      else backOffs.delete(name);
    }
  }
}

async function restartOne(
  { paths, onEvent }: Supervision,
  context: StackContext,
  { name, attempt }: { name: ServiceName; attempt: BackOff },
): Promise<void> {
  onEvent({ service: name, what: 'crashed' });
  const crashed = context.state[name]!;
  const problem = await startService(serviceRecipes[name], context, () => {}).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (problem === null) onEvent({ service: name, what: 'restarted' });
  else {
    onEvent({ service: name, what: 'not restarted', problem });
    // Still one that has ended without having been stopped.
    context.state[name] = { ...context.state[name]!, pid: crashed.pid, identity: crashed.identity };
    writeStackState(paths.run, context.state);
  }
  const record = readSupervisor(paths.run);
  if (!record) return;
  const before = record.restarts[name];
  const restarts = { ...record.restarts, [name]: counted(before, { attempt, problem }) };
  writeSupervisor(paths.run, { ...record, restarts });
}

function counted(
  before: RestartStatus | undefined,
  { attempt, problem }: { attempt: BackOff; problem: string | null },
): RestartStatus {
  const count = (before?.count ?? 0) + (problem === null ? 1 : 0);
  const next = problem === null ? null : new Date(attempt.notBefore).toISOString();
  return { count, last_at: new Date(attempt.lastAt).toISOString(), problem, next_at: next };
}

/** A server whose port another program has taken meanwhile has a new one, which others have to know. */
async function followAddresses(context: StackContext): Promise<void> {
  for (const name of ['worker', 'api'] as const) {
    const state = context.state[name];
    if (!state || !isAlive(state.pid, state.identity)) continue;
    if (state.fingerprint === serviceRecipes[name].fingerprint?.(context)) continue;
    await startService(serviceRecipes[name], context, () => {}).catch(() => {});
  }
}
