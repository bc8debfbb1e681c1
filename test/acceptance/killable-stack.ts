import { setTimeout as delay } from 'node:timers/promises';
import { openApplication, type Application } from '../../packages/application/application';
import { createBackfillRuns } from '../../packages/application/backfills/temporal-runs';
import { dataPaths } from '../../packages/config/data-paths';
import { loadConfig, type Config } from '../../packages/config/load-config';
import { dailyPipeline, dailyWorkflowId, type StepName } from '../../packages/contracts/pipeline';
import { addDays } from '../../packages/instants/logical-date';
import type { ServiceName } from '../../packages/local-services/service-names';
import { stackStatus } from '../../packages/local-services/stack-status';
import { startStack } from '../../packages/local-services/start-stack';
import { readStackState, type StackState } from '../../packages/local-services/state-file';
import { stopStack } from '../../packages/local-services/stop-stack';
import { stopSupervisor } from '../../packages/local-services/supervision/start-supervisor';
import { isStepDue } from '../../packages/orchestration/is-step-due';
import { createScratchDirectory } from '../environment/scratch-directory';
import { quietly } from './open-test-platform';

const STARTED = 2; // temporal.api.enums.v1.PendingActivityState
/** A step may be over before it is seen; then the next day is tried. */
const DAYS_TRIED = 5;
const POLL_MILLIS = 5;
const PUBLISHED_MIN = 2;

/** Waits for a run to end, in spite of errors of servers that are away, and gives what became of it. */
type Ended = () => Promise<unknown>;

/** An installation with all its processes, which can be stopped in the middle of a run and killed. */
export interface KillableStack {
  readonly config: Config;
  readonly application: Application;
  /** Starts a backfill and stops its worker (SIGSTOP) as soon as some dates are published. */
  stopInChunk(range: {
    from: string;
    to: string;
  }): Promise<{ readonly published: number; readonly ended: Ended }>;
  /** Starts daily runs until one has this step under way, and stops its worker there. */
  stopInStep(
    step: StepName,
    onDate: (date: string) => void,
  ): Promise<{ readonly date: string; readonly ended: Ended }>;
  /**
   * Kills services while the worker is stopped, lets the worker go on if it was spared, and waits until
   * everything runs and the run has ended.
   *
   * @returns the seconds from the moment after the kill
   */
  killAndRecover(
    killed: readonly ServiceName[],
    options: { readonly remedy: 'up' | 'supervisor'; readonly ended: Ended },
  ): Promise<{ readonly seconds: number; readonly outcome: unknown }>;
  remove(): Promise<void>;
}

export async function killableStack(): Promise<KillableStack> {
  const scratch = createScratchDirectory();
  const config = loadConfig({ CHURN_DATA_DIR: `${scratch.path}/data`, CHURN_LOG_LEVEL: 'error' });
  const start = (isSupervised = false) => startStack({ config, isSupervised });
  await start();
  const application = await openApplication(config);
  return {
    config,
    application,
    stopInChunk: (range) => stopInChunk(application, config, range),
    stopInStep: (step, onDate) => stopInStep({ application, config, step, onDate }),
    killAndRecover: async (killed, { remedy, ended }) => {
      if (remedy === 'supervisor') await start(true);
      const before = stateOf(config);
      signal(before, killed, 'SIGKILL');
      if (!killed.includes('worker')) signal(before, ['worker'], 'SIGCONT');
      const killedAt = performance.now();
      if (remedy === 'up') await start();
      const outcome = await ended();
      await untilAllRun(config);
      const seconds = (performance.now() - killedAt) / 1_000;
      await stopSupervisor(dataPaths(config.dataDir));
      requireReplaced(killed, before, stateOf(config));
      return { seconds, outcome };
    },
    remove: async () => {
      await application.close();
      await stopStack({ config });
      scratch.remove();
    },
  };
}

async function stopInChunk(
  application: Application,
  config: Config,
  range: { from: string; to: string },
) {
  const backfills = createBackfillRuns(application.adapters, application.temporal);
  const before = await publishedCount(application);
  const request = { ...range, reprocess: 'missing', knownAt: 'latest', train: false } as const;
  const { id } = await backfills.start(request);
  while ((await publishedCount(application)) - before < PUBLISHED_MIN) await delay(POLL_MILLIS);
  signal(stateOf(config), ['worker'], 'SIGSTOP');
  const published = (await publishedCount(application)) - before;
  const ended = () =>
    eventually(
      () => backfills.progress(id),
      ({ status }) => status !== 'running',
    );
  return { published, ended };
}

async function stopInStep(options: {
  application: Application;
  config: Config;
  step: StepName;
  onDate: (date: string) => void;
}) {
  const { application, config, step, onDate } = options;
  for (let tried = 0; tried < DAYS_TRIED; tried += 1) {
    const date = await nextDateOf(step, application, onDate);
    const running = application.services.runDay(date, quietly);
    let isOver = false;
    const watched = running.finally(() => (isOver = true));
    watched.catch(() => {});
    while (!isOver) {
      if (!(await isUnderWay(application, step, date))) continue;
      signal(stateOf(config), ['worker'], 'SIGSTOP');
      if (await isUnderWay(application, step, date)) {
        // As a person does whose command failed because a server was away: the same command again.
        const again = () => application.services.runDay(date, quietly);
        return { date, ended: () => running.catch(() => eventually(again, () => true)) };
      }
      signal(stateOf(config), ['worker'], 'SIGCONT');
      break;
    }
    await running;
  }
  throw new Error(`${step} was over too soon on ${DAYS_TRIED} days`);
}

/** The next day on which this step is due; what is generated has no gaps, so those before it run too. */
async function nextDateOf(
  name: StepName,
  application: Application,
  onDate: (date: string) => void,
): Promise<string> {
  const step = dailyPipeline.find((each) => each.name === name)!;
  const partitions = await application.services.listPartitions({});
  for (
    let date = partitions
      .map((row) => row.date)
      .sort()
      .at(-1)!;
    ;
  ) {
    date = addDays(date, 1);
    onDate(date);
    if (isStepDue(step, date)) return date;
    await application.services.runDay(date, quietly);
  }
}

async function isUnderWay(
  { temporal }: Application,
  step: StepName,
  date: string,
): Promise<boolean> {
  const client = await temporal.client();
  try {
    const { raw } = await client.workflow.getHandle(dailyWorkflowId(date)).describe();
    return (raw.pendingActivities ?? []).some(
      ({ activityType, state }) => activityType?.name === step && Number(state) === STARTED,
    );
  } catch (error) {
    if ((error as Error).name === 'WorkflowNotFoundError') return false;
    throw error;
  }
}

async function untilAllRun(config: Config): Promise<void> {
  await eventually(
    () => stackStatus({ config }),
    ({ services }) => services.every(({ status }) => status === 'running'),
  );
}

function requireReplaced(killed: readonly ServiceName[], before: StackState, after: StackState) {
  for (const name of killed) {
    if (after[name]!.pid === before[name]!.pid) throw new Error(`${name} is still the one before`);
    if (after[name]!.port !== before[name]!.port) throw new Error(`${name} has another port`);
  }
}

/** Asks again until the answer is the one waited for; the test's timeout ends it otherwise. */
async function eventually<T>(ask: () => Promise<T>, isIt: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined && isIt(answer)) return answer;
    await delay(100);
  }
}

const stateOf = (config: Config) => readStackState(dataPaths(config.dataDir).run);

function signal(state: StackState, names: readonly ServiceName[], name: NodeJS.Signals): void {
  for (const service of names) process.kill(state[service]!.pid!, name);
}

async function publishedCount({ adapters }: Application): Promise<number> {
  const rows = await adapters.ledger.list();
  return rows.filter(({ status }) => status === 'succeeded').length;
}
