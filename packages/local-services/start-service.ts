import { setTimeout as delay } from 'node:timers/promises';
import path from 'node:path';
import { ChurnError } from '../contracts';
import { isAlive, isSameProcess } from '../durable-files';
import { spawnDetached, stopProcess, type DetachedProcess } from './processes/detached-process';
import { choosePort, isPortFree } from './processes/tcp-ports';
import { repositoryRoot } from './repository-root';
import type { ServiceRecipe, StackContext } from './services/service-recipe';
import type { StackEvent } from './service-names';
import { writeStackState, type ServiceState } from './state-file';
import { storageProblemIn } from './on-storage';

const HEALTH_POLL_MS = 40;
const DEFAULT_PATIENCE_MS = 10_000;
/** A port chosen as free may be taken by another program before the service listens on it. */
const PORT_ATTEMPTS = 3;
/** How Go, Node, Postgres and Redis say that; the port itself may be free again by then. */
const saysPortIsTaken = /address already in use|EADDRINUSE/i;

type OnEvent = (event: StackEvent) => void;

/** Makes sure that one service runs and answers; what runs already is left as it is. */
export async function startService(
  recipe: ServiceRecipe,
  context: StackContext,
  onEvent: OnEvent,
): Promise<void> {
  const report = (kind: StackEvent['kind']) => onEvent({ service: recipe.name, kind });
  if (recipe.external(context.config) !== undefined) {
    await recipe.requireExternal?.(context);
    report('external');
    await recipe.afterStart?.(context);
    return;
  }
  const standing = await standingOf(recipe, context);
  if (standing === 'already-running') {
    report('already-running');
  } else {
    if (standing === 'unhealthy') report('unhealthy');
    report('starting');
    await endProcess(recipe, context.state[recipe.name]);
    await launch(recipe, context);
    report('started');
  }
  await recipe.afterStart?.(context);
}

/**
 * Stops a service by its recorded pid; its port and password are kept for the next start. Afterwards
 * nothing starts it again but a start, also if it had ended before.
 *
 * @returns whether it was running
 */
export async function stopService(recipe: ServiceRecipe, context: StackContext): Promise<boolean> {
  const state = context.state[recipe.name];
  if (!state || state.pid === null) return false;
  const wasRunning = await endProcess(recipe, state);
  record(recipe, context, { ...state, pid: null, identity: null });
  return wasRunning;
}

/** Returns whether there was one to end. */
async function endProcess(
  { stopSignal: signal, stopDeadlineMs: deadlineMs }: ServiceRecipe,
  recorded: Pick<ServiceState, 'pid' | 'identity'> | undefined,
): Promise<boolean> {
  if (!recorded || !isSameProcess(recorded.pid, recorded.identity)) return false;
  await stopProcess({ pid: recorded.pid, identity: recorded.identity, signal, deadlineMs });
  return true;
}

type ServiceStanding = 'already-running' | 'unhealthy' | 'outdated' | 'stopped';

/** How a service is before it is started; one that runs is given time to answer. */
async function standingOf(recipe: ServiceRecipe, context: StackContext): Promise<ServiceStanding> {
  const state = context.state[recipe.name];
  if (!state || !isAlive(state.pid, state.identity)) return 'stopped';
  if (state.fingerprint !== recipe.fingerprint?.(context)) return 'outdated';
  const deadline = Date.now() + (recipe.patienceMs ?? DEFAULT_PATIENCE_MS);
  while (isAlive(state.pid, state.identity) && Date.now() < deadline) {
    // Check health before liveness: a killed process leaves files that look healthy.
    if ((await recipe.isHealthy(context)) && isAlive(state.pid, state.identity)) {
      return 'already-running';
    }
    await delay(HEALTH_POLL_MS);
  }
  return isAlive(state.pid, state.identity) ? 'unhealthy' : 'stopped';
}

/**
 * Until the new process is there, and also when it does not start, the record names the one before it:
 * a service whose restart failed has ended without having been stopped, and the supervisor goes on.
 */
async function launch(recipe: ServiceRecipe, context: StackContext): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const state = await prepareState(recipe, context);
    await recipe.prepare(context, state);
    record(recipe, context, state);
    const started = spawnDetached(recipe.command(context, state), {
      logFile: logFile(recipe, context),
      cwd: repositoryRoot(),
      env: context.env,
    });
    record(recipe, context, { ...state, pid: started.pid, identity: started.identity });
    const problem = await waitUntilHealthy(recipe, context, started);
    if (problem === undefined) return;
    await endProcess(recipe, started);
    record(recipe, context, state);
    const logTail = started.logTail();
    const lostItsPort = saysPortIsTaken.test(logTail) || !(await isPortFree(state.port));
    if (!lostItsPort || attempt === PORT_ATTEMPTS) {
      throw failure(recipe, context, { problem, logTail });
    }
  }
}

async function prepareState(recipe: ServiceRecipe, context: StackContext): Promise<ServiceState> {
  const { config } = context;
  const previous = context.state[recipe.name];
  const others = portsOfOthers(recipe, context);
  const port = await choosePort({
    service: recipe.label,
    setting: recipe.portSetting?.(config),
    previous: previous?.port,
    taken: others,
  });
  const uiSetting = recipe.uiPortSetting?.(config);
  const uiPort = uiSetting && {
    ui_port: await choosePort({
      service: `${recipe.label}'s web UI`,
      setting: uiSetting,
      previous: previous?.ui_port,
      taken: [...others, port],
    }),
  };
  const fingerprint = recipe.fingerprint?.(context);
  return { pid: null, identity: null, ...previous, port, ...uiPort, fingerprint };
}

function portsOfOthers(recipe: ServiceRecipe, context: StackContext): number[] {
  return Object.entries(context.state)
    .filter(([name]) => name !== recipe.name)
    .flatMap(([, state]) => [state.port, state.ui_port ?? 0]);
}

/** Undefined once healthy, else what went wrong. */
async function waitUntilHealthy(
  recipe: ServiceRecipe,
  context: StackContext,
  { child, pid, identity }: DetachedProcess,
): Promise<string | undefined> {
  const deadline = Date.now() + recipe.startDeadlineMs;
  while (Date.now() < deadline) {
    if (!isAlive(pid, identity)) return exitDescription(child);
    // Health first, life after: another program may be answering on the port.
    if ((await recipe.isHealthy(context)) && isAlive(pid, identity)) return undefined;
    await delay(HEALTH_POLL_MS);
  }
  return `it did not answer within ${recipe.startDeadlineMs / 1_000} s`;
}

function exitDescription({ pid, exitCode, signalCode }: DetachedProcess['child']): string {
  if (pid === undefined) return 'its program could not be run';
  if (signalCode) return `it was ended by ${signalCode}`;
  return exitCode === null ? 'it exited at once' : `it exited with code ${exitCode}`;
}

function failure(
  recipe: ServiceRecipe,
  context: StackContext,
  details: { problem: string; logTail: string },
): ChurnError {
  const storageProblem = storageProblemIn(details.logTail);
  if (storageProblem) return new ChurnError('STORAGE_UNAVAILABLE', { problem: storageProblem });
  const tail = details.logTail.split('\n').slice(-8).join('\n');
  return new ChurnError('SERVICE_FAILED_TO_START', {
    service: recipe.label,
    problem: tail
      ? `${details.problem}, saying:\n${withoutSecrets(tail, context).trimEnd()}`
      : details.problem,
    log: logFile(recipe, context),
  });
}

function withoutSecrets(text: string, context: StackContext): string {
  return Object.values(context.state)
    .flatMap(({ password }) => (password ? [password] : []))
    .reduce((clean, password) => clean.replaceAll(password, '***'), text);
}

const logFile = (recipe: ServiceRecipe, context: StackContext) =>
  path.join(context.paths.logs, `${recipe.name}.log`);

function record(recipe: ServiceRecipe, context: StackContext, state: ServiceState): void {
  context.state[recipe.name] = state;
  writeStackState(context.paths.run, context.state);
}
