import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { PipelinePorts } from '../../packages/contracts/pipeline-ports';
import { findTool } from '../../packages/local-services/tools';
import { registerSearchAttributes } from '../../temporal-config';
import { createWorkers } from '../../worker/create-workers';
import { historyToText } from '../histories/history-json';

// Activities that fail on purpose would fill the output with warnings.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
});

const PAYLOAD_BYTES_MAX = 64 * 1024;

/** How long closing a rig may take: it replays all that a file has run. */
export const REPLAY_MS = 300_000;

/** The SDK gives a server five seconds to start, which a busy machine may need twice. */
const START_TRIES = 4;

export interface Queues {
  readonly daily: string;
  readonly backfill: string;
}

/** One server, and runs of the real workers with given ports against it, one run after the other. */
export interface WorkflowRig {
  readonly env: TestWorkflowEnvironment;
  /**
   * Lets both workers call `setup.ports` while `work` lasts. The workers are started once and serve
   * every run that does not ask for options or queues of its own.
   */
  run<T>(setup: RunSetup, work: (run: RigRun) => Promise<T>): Promise<T>;
  /** Replays every execution that the runs started, stops the workers and the server. */
  close(): Promise<void>;
}

export interface RunSetup {
  readonly ports: PipelinePorts;
  readonly queues?: Queues;
  readonly options?: Partial<WorkerOptions>;
}

export interface RigRun {
  readonly env: TestWorkflowEnvironment;
  readonly queues: Queues;
  /** Starts a workflow under a fresh id, or the given one, on its queue. */
  start(
    type: string,
    options: { input?: unknown; queue?: keyof Queues; workflowId?: string },
  ): Promise<WorkflowHandle>;
  /** Starts it and waits for its result. */
  execute<T>(type: string, options: { input?: unknown; queue?: keyof Queues }): Promise<T>;
  /** Has an execution that something else started replayed too. */
  track(workflowId: string): void;
}

/** The server whose time jumps over timers: for SLA, weekdays and retries. */
export async function createTimeSkippingRig(): Promise<WorkflowRig> {
  const path = process.env.TEST_TIME_SKIPPING_SERVER;
  if (!path) throw new Error('TEST_TIME_SKIPPING_SERVER is not set: run `make setup`');
  const server = { executable: { type: 'existing-path', path } } as const;
  return rigOn(await started(() => TestWorkflowEnvironment.createTimeSkipping({ server })));
}

/** A dev server of this rig's own: for what is global to a server, and for its settings. */
export async function createOwnServerRig(extraArgs: string[] = []): Promise<WorkflowRig> {
  const tool = findTool('temporal', process.env);
  if (!tool) throw new Error('the Temporal dev server is not there: run `make setup`');
  const server = { executable: { type: 'existing-path', path: tool.path }, extraArgs } as const;
  return rigOn(await started(() => TestWorkflowEnvironment.createLocal({ server })));
}

async function started(
  start: () => Promise<TestWorkflowEnvironment>,
): Promise<TestWorkflowEnvironment> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start();
    } catch (error) {
      if (tries >= START_TRIES || !/did not start within/.test(String(error))) throw error;
    }
  }
}

function workflowBundle() {
  const codePath = process.env.TEST_WORKFLOW_BUNDLE;
  if (!codePath) throw new Error('TEST_WORKFLOW_BUNDLE is not set: the workflows do not bundle');
  return { codePath };
}

async function rigOn(env: TestWorkflowEnvironment): Promise<WorkflowRig> {
  await registerSearchAttributes(withList(env), { namespace: 'default' });
  const started = new Set<string>();
  let shared: Promise<RunningWorkers> | undefined;
  return {
    env,
    run: async (setup, work) => {
      if (setup.options || setup.queues) return runAlone(env, { setup, started }, work);
      const workers = await (shared ??= startWorkers(env, {}));
      workers.use(setup.ports);
      return work(rigRun(env, workers.queues, started));
    },
    close: async () => {
      try {
        await replayAll(env, started);
      } finally {
        await (await shared)?.stop();
        await env.teardown();
      }
    },
  };
}

/** The time-skipping server can't list search attributes; it has none at first. */
function withList(env: TestWorkflowEnvironment): Parameters<typeof registerSearchAttributes>[0] {
  const { operatorService } = env.connection;
  if (!env.supportsTimeSkipping) return { operatorService };
  return {
    operatorService: {
      listSearchAttributes: () => Promise.resolve({ customAttributes: {} }),
      addSearchAttributes: (request: never) => operatorService.addSearchAttributes(request),
    } as never,
  };
}

/** Both workers of a run, or of many. */
interface RunningWorkers {
  readonly queues: Queues;
  /** From now on activities call these ports. */
  use(ports: PipelinePorts): void;
  stop(): Promise<void>;
}

async function startWorkers(
  env: TestWorkflowEnvironment,
  setup: Pick<RunSetup, 'queues' | 'options'>,
): Promise<RunningWorkers> {
  const id = randomUUID().slice(0, 8);
  const queues = setup.queues ?? { daily: `daily-${id}`, backfill: `backfill-${id}` };
  let current: PipelinePorts | undefined;
  const workers = await createWorkers({
    connection: env.nativeConnection,
    namespace: 'default',
    // Each call goes to the ports of the run that is on.
    ports: new Proxy({} as PipelinePorts, {
      get: (_, port) => current && (Reflect.get(current, port) as unknown),
    }),
    workflowBundle: workflowBundle(),
    queues,
    // Cancellations reach activities at once, so that no test waits for a heartbeat.
    options: {
      identity: 'test-worker',
      maxHeartbeatThrottleInterval: 50,
      ...cacheOptions(),
      ...setup.options,
    },
  });
  const runs = workers.map((worker) => worker.run());
  return {
    queues,
    use: (ports) => {
      current = ports;
    },
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.all(runs);
    },
  };
}

/**
 * With CHURN_TEST_WORKFLOW_CACHE=0 a workflow is forgotten after each of its tasks, and replayed from
 * its history at the next one, as after a kill: a deep run has all these tests pass like that too.
 */
function cacheOptions(): Pick<WorkerOptions, 'maxCachedWorkflows'> {
  const size = process.env.CHURN_TEST_WORKFLOW_CACHE;
  return size ? { maxCachedWorkflows: Number(size) } : {};
}

async function runAlone<T>(
  env: TestWorkflowEnvironment,
  { setup, started }: { setup: RunSetup; started: Set<string> },
  work: (run: RigRun) => Promise<T>,
): Promise<T> {
  const workers = await startWorkers(env, setup);
  workers.use(setup.ports);
  try {
    return await work(rigRun(env, workers.queues, started));
  } finally {
    await workers.stop();
  }
}

function rigRun(env: TestWorkflowEnvironment, queues: Queues, started: Set<string>): RigRun {
  const optionsOf = (options: { input?: unknown; queue?: keyof Queues; workflowId?: string }) => {
    const workflowId = options.workflowId ?? `test-${randomUUID()}`;
    started.add(workflowId);
    return {
      workflowId,
      taskQueue: queues[options.queue ?? 'daily'],
      args: options.input === undefined ? [] : [options.input],
    };
  };
  return {
    env,
    queues,
    start: (type, options) => env.client.workflow.start(type, optionsOf(options)),
    execute: (type, options) => env.client.workflow.execute(type, optionsOf(options)),
    track: (workflowId) => void started.add(workflowId),
  };
}

/** Every execution that was started must replay to its end, with payloads that are references. */
async function replayAll(
  env: TestWorkflowEnvironment,
  workflowIds: ReadonlySet<string>,
): Promise<void> {
  const replays = Worker.runReplayHistories(
    { workflowBundle: workflowBundle() },
    fetchHistories(env, workflowIds),
  );
  for await (const { workflowId, error } of replays) {
    if (error) throw new Error(`${workflowId} does not replay`, { cause: error });
  }
}

async function* fetchHistories(env: TestWorkflowEnvironment, workflowIds: ReadonlySet<string>) {
  for (const workflowId of workflowIds) {
    for (const history of await historiesOf(env, workflowId)) {
      refuseLargePayloads(history);
      refuseUnwatchedActivities(history);
      yield { workflowId, history };
    }
  }
}

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

/** The histories of an execution, latest first: those it continued from as well. */
export async function historiesOf(
  env: TestWorkflowEnvironment,
  workflowId: string,
): Promise<History[]> {
  const histories: History[] = [];
  let runId: string | undefined;
  do {
    const history = await env.client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push(history);
    const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
    runId = started?.continuedExecutionRunId || undefined;
  } while (runId);
  return histories;
}

/**
 * An attempt whose worker was killed ends by a timeout: every activity must have one that is short, or
 * a heartbeat; and an end to all attempts together.
 */
function refuseUnwatchedActivities({ events }: History): void {
  for (const { activityTaskScheduledEventAttributes: scheduled } of events ?? []) {
    if (!scheduled) continue;
    const { activityType, heartbeatTimeout, startToCloseTimeout } = scheduled;
    const isNoticed = secondsOf(heartbeatTimeout) > 0 || secondsOf(startToCloseTimeout) <= 60;
    if (isNoticed && secondsOf(scheduled.scheduleToCloseTimeout) > 0) continue;
    throw new Error(`${activityType?.name} may be lost for long: give it a heartbeat and a budget`);
  }
}

function secondsOf(duration: { seconds?: unknown } | null | undefined): number {
  return Number(duration?.seconds ?? 0);
}

function refuseLargePayloads(history: History): void {
  const visit = (value: unknown): void => {
    if (value instanceof Uint8Array) {
      if (value.byteLength > PAYLOAD_BYTES_MAX) {
        throw new Error(`a payload of ${value.byteLength} bytes: pass a reference`);
      }
    } else if (typeof value === 'object' && value !== null) {
      Object.values(value).forEach(visit);
    }
  };
  visit(history.events);
}

/** The names of the activities that an execution scheduled, in order. */
export async function activitiesOf(
  env: TestWorkflowEnvironment,
  workflowId: string,
): Promise<string[]> {
  const histories = await historiesOf(env, workflowId);
  return histories
    .reverse()
    .flatMap(({ events }) => events ?? [])
    .flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
      scheduled?.activityType?.name ? [scheduled.activityType.name] : [],
    );
}

/**
 * Keeps a history for test/histories when CHURN_RECORD_HISTORIES is set: without who ran it and
 * where, which replay does not look at.
 */
export async function recordHistory(
  env: TestWorkflowEnvironment,
  { workflowId, name }: { workflowId: string; name: string },
): Promise<void> {
  if (!process.env.CHURN_RECORD_HISTORIES) return;
  const [history] = await historiesOf(env, workflowId);
  const file = path.resolve(__dirname, '../histories', `${name}.json`);
  writeFileSync(file, historyToText(history!));
}
