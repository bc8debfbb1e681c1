import type { LogEntry } from '@temporalio/worker';
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';

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
const MESSAGE_CHARACTERS_MAX = 500;
const STACK_LINES_MAX = 8;
const CAUSES_MAX = 4;

/** The worker's log: a JSON object a line, as the API writes it, to `destination` or stdout. */
export function createWorkerLog(
  level: NonNullable<LoggerOptions['level']>,
  destination?: DestinationStream,
): Logger {
  const options: LoggerOptions = {
    level,
    base: { service: 'worker' },
    serializers: { err: errorDocument },
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

/**
 * An error and its causes without what drivers add, which may be rows and parameters of a query, and
 * so personal data.
 */
function errorDocument(error: unknown, depth = 1): object {
  if (!(typeof error === 'object' && error !== null && 'message' in error)) {
    return { message: shortened(String(error)) };
  }
  const { name, code, type, message, stack, cause } = error as Partial<
    Record<'name' | 'code' | 'type' | 'message' | 'stack' | 'cause', unknown>
  >;
  return {
    type: name,
    code: typeof type === 'string' ? type : code,
    message: shortened(String(message)),
    stack: typeof stack === 'string' ? framesOf(stack) : undefined,
    cause:
      cause === undefined || depth === CAUSES_MAX ? undefined : errorDocument(cause, depth + 1),
  };
}

/** Drizzle's message ends with the parameters of the query. */
function shortened(message: string): string {
  return message.replace(/\s*\bparams: [\s\S]*$/, '').slice(0, MESSAGE_CHARACTERS_MAX);
}

/** The frames only: the message before them is not shortened. */
function framesOf(stack: string): string {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return frames
    .slice(0, STACK_LINES_MAX)
    .map((line) => line.trim())
    .join('\n');
}
