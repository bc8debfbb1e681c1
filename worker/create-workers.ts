import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createPipelineActivities } from '../activities';
import { taskQueues, type PipelinePorts } from '../packages/contracts';

export interface CreateWorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly ports: PipelinePorts;
  readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  /** Says in Temporal which build a worker runs; it decides nothing. */
  readonly buildId?: string;
  /** Overrides, for tests: their own task queues, a smaller cache. */
  readonly queues?: { readonly daily: string; readonly backfill: string };
  readonly options?: Partial<WorkerOptions>;
}

/**
 * The process is stopped with SIGTERM and has 20 seconds: activities get the first ten to finish,
 * then they are cancelled and have five to let go.
 */
const SHUTDOWN = { shutdownGraceTime: '10s', shutdownForceTime: '15s' } as const;

/** Two for heavy steps side by side (train, drift), two so that alerts and the ledger never wait. */
const DAILY_SLOTS = 4;
/** A backfill's chunks, each of which uses every core. */
const BACKFILL_SLOTS = 2;

/**
 * Two workers, one per task queue: a backfill that fills its queue for hours never takes a slot
 * from the daily run. Either runs any workflow; a queue's workflows run their activities on it.
 */
export async function createWorkers(wiring: CreateWorkersOptions): Promise<Worker[]> {
  const queues = wiring.queues ?? taskQueues;
  const activities = createPipelineActivities(wiring.ports);
  const create = (taskQueue: string, activitySlots: number) =>
    Worker.create({
      connection: wiring.connection,
      namespace: wiring.namespace,
      workflowBundle: wiring.workflowBundle,
      taskQueue,
      activities,
      maxConcurrentActivityTaskExecutions: activitySlots,
      maxConcurrentWorkflowTaskExecutions: 4,
      // A handful of workflows run at a time; an evicted one is replayed from its short history.
      maxCachedWorkflows: 20,
      workflowThreadPoolSize: 1,
      // At most this much of a heartbeat's news is lost with a killed worker, and a cancellation
      // reaches an activity within as much.
      maxHeartbeatThrottleInterval: '1s',
      // A killed worker's workflows move to another one after as long.
      stickyQueueScheduleToStartTimeout: '5s',
      ...SHUTDOWN,
      ...(wiring.buildId === undefined ? {} : deployment(wiring.buildId)),
      ...wiring.options,
    });
  return [await create(queues.daily, DAILY_SLOTS), await create(queues.backfill, BACKFILL_SLOTS)];
}

/** For people only: any worker takes any task, since the workflows replay what earlier ones recorded. */
function deployment(buildId: string): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  const version = { deploymentName: 'churn', buildId };
  return { workerDeploymentOptions: { version, useWorkerVersioning: false } };
}
