import type { LogEntry } from '@temporalio/worker';
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { errorDocument } from '../packages/logged-errors';

/** What a line may have beside its message, under which name. Whatever else Temporal gives is left out. */
const FIELDS: Readonly<Record<string, string>> = {
  workflowType: 'workflow',
  workflowId: 'workflow_id',
  runId: 'run_id',
  workflowRunId: 'run_id',
  activityType: 'step',
  attempt: 'attempt',
  taskQueue: 'task_queue',
  namespace: 'namespace',
  workerDeploymentVersion: 'build',
  state: 'state',
  date: 'date',
  from: 'from',
  to: 'to',
  outcome: 'outcome',
  code: 'code',
  seconds: 'seconds',
  durationMs: 'duration_ms',
};
const LEVELS = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const;

/** The worker's log: a JSON object a line, as the API writes it, to `destination` or stdout. */
export function createWorkerLog(
  level: NonNullable<LoggerOptions['level']>,
  destination?: DestinationStream,
): Logger {
  const options: LoggerOptions = {
    level,
    base: { service: 'worker' },
    serializers: { err: (error: unknown) => errorDocument(error) },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Where Temporal's runtime sends its messages. */
export function logEntries(log: Logger): (entry: LogEntry) => void {
  return ({ level, message, meta }) => log[LEVELS[level]](fieldsOf(meta), message);
}

function fieldsOf(meta: LogEntry['meta']): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(meta ?? {})) {
    const known = FIELDS[name];
    if (known && (typeof value === 'string' || typeof value === 'number')) fields[known] = value;
  }
  if (meta?.error !== undefined) fields.err = meta.error;
  return fields;
}
