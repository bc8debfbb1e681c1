/** The daily run as data: the workflow executes it, the docs draw it, a test holds both to it. */
export interface PipelineStep {
  readonly name: StepName;
  /** Steps that must have settled before this one starts. */
  readonly after: readonly StepName[];
  /** Runs also when a step in `after` failed; otherwise a failed one blocks it. */
  readonly runsAfterFailure?: true;
  /** UTC weekdays on which the step runs (0 = Sunday); absent: every day. */
  readonly weekdays?: readonly number[];
  /** Minutes after the nominal time at which a late step warns and breaches. */
  readonly slaMinutes: { readonly warn: number; readonly breach: number };
  readonly risk: RiskClass;
  readonly startToCloseMinutes: number;
  /** A killed worker is noticed after as long, not only when the step's time is up. */
  readonly heartbeatSeconds: number;
}

/** What a retry may cost: decides the retry policy of a step (packages/orchestration). */
export type RiskClass = 'load' | 'compute' | 'external-write' | 'notify' | 'read';

export const stepNames = [
  'generate_data',
  'compute_features',
  'sync_online_features',
  'train_model',
  'run_drift_detection',
  'validate_schema',
] as const;

export type StepName = (typeof stepNames)[number];

const MONDAY_TO_WEDNESDAY = [1, 2, 3];

export const dailyPipeline: readonly PipelineStep[] = [
  {
    name: 'generate_data',
    after: [],
    slaMinutes: { warn: 10, breach: 20 },
    risk: 'load',
    startToCloseMinutes: 60,
    heartbeatSeconds: 30,
  },
  {
    name: 'compute_features',
    after: ['generate_data'],
    slaMinutes: { warn: 30, breach: 60 },
    risk: 'compute',
    startToCloseMinutes: 120,
    heartbeatSeconds: 30,
  },
  {
    name: 'sync_online_features',
    after: ['compute_features'],
    slaMinutes: { warn: 40, breach: 75 },
    risk: 'external-write',
    startToCloseMinutes: 30,
    heartbeatSeconds: 30,
  },
  {
    name: 'train_model',
    after: ['sync_online_features'],
    weekdays: MONDAY_TO_WEDNESDAY,
    slaMinutes: { warn: 70, breach: 120 },
    risk: 'compute',
    startToCloseMinutes: 60,
    heartbeatSeconds: 30,
  },
  {
    name: 'run_drift_detection',
    after: ['sync_online_features'],
    slaMinutes: { warn: 70, breach: 120 },
    risk: 'compute',
    startToCloseMinutes: 30,
    heartbeatSeconds: 30,
  },
  {
    name: 'validate_schema',
    after: ['train_model', 'run_drift_detection'],
    runsAfterFailure: true,
    slaMinutes: { warn: 90, breach: 150 },
    risk: 'read',
    startToCloseMinutes: 10,
    heartbeatSeconds: 30,
  },
];

export const taskQueues = { daily: 'churn-daily', backfill: 'churn-backfill' } as const;

export const scheduleIds = { daily: 'churn-daily', watchdog: 'churn-watchdog' } as const;

/** Hour and minute (UTC) of the daily run of partition D, on day D. */
export const nominalTime = { hour: 1, minute: 0 } as const;

/** Workflow types: the names clients start them by. */
export const workflowTypes = {
  dailyRun: 'dailyRun',
  backfill: 'backfill',
  restate: 'restate',
  watchdog: 'watchdog',
} as const;

/** The query and the signals that the running workflows answer. */
export const workflowMessages = {
  progress: 'progress',
  pause: 'pause',
  resume: 'resume',
  /** From an activity that failed and is tried again, with a StepRetry. */
  retrying: 'step-retrying',
  /** From a chunk that is being computed, with SettledDates. */
  datesSettled: 'dates-settled',
} as const;

/** Search attributes, all KEYWORD. */
export const searchAttributeNames = [
  'LogicalDate',
  'RunKind',
  'BackfillId',
  'SlaBreached',
] as const;

/**
 * The workflow id of the daily run of a date. The Schedule names its runs the same way
 * (`<schedule id>-<nominal time>`), so that a day started by hand is the same execution.
 */
export function dailyWorkflowId(date: string): string {
  const [hour, minute] = [nominalTime.hour, nominalTime.minute].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${scheduleIds.daily}-${date}T${hour}:${minute}:00Z`;
}

export function backfillWorkflowId(id: string): string {
  return `churn-backfill-${id}`;
}

/**
 * How a daily run is started by hand: attaches to a running one, runs a failed one again, and is
 * refused (already started) when the day's run has succeeded.
 */
export function dailyRunStart(date: string) {
  return {
    workflowId: dailyWorkflowId(date),
    taskQueue: taskQueues.daily,
    args: [{ date, kind: 'manual' }] as [{ date: string; kind: 'manual' }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    staticSummary: `Daily run of ${date}, started by hand`,
  } as const;
}
