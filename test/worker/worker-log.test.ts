import type { LogEntry } from '@temporalio/worker';
import { createWorkerLog, logEntries } from '../../worker/worker-log';

function logged(entry: Pick<LogEntry, 'level' | 'message' | 'meta'>, level = 'info'): object[] {
  const lines: string[] = [];
  const log = createWorkerLog(level, { write: (line: string) => void lines.push(line) });
  logEntries(log)({ ...entry, timestampNanos: 0n });
  return lines.map((line) => JSON.parse(line) as object);
}

describe("the worker's log", () => {
  it('is a JSON object a line, with the ids of the run and of the step', () => {
    const meta = {
      workflowType: 'dailyRun',
      workflowId: 'churn-daily-2024-06-01',
      workflowRunId: 'r1',
      activityType: 'train_model',
      attempt: 2,
      seconds: 1.5,
      taskToken: 'secret',
      password: 'hunter2',
    };
    const [line] = logged({ level: 'INFO', message: 'step ended', meta });
    expect(line).toEqual({
      level: 30,
      time: expect.any(Number),
      service: 'worker',
      msg: 'step ended',
      workflow: 'dailyRun',
      workflow_id: 'churn-daily-2024-06-01',
      run_id: 'r1',
      step: 'train_model',
      attempt: 2,
      seconds: 1.5,
    });
  });

  it('says of errors and their causes what they are, and nothing of the rows that they had', () => {
    const cause = Object.assign(new Error('connection lost'), {
      code: 'CONNECTION_CLOSED',
      detail: 'Key (user_id)=(anna@example.org)',
      parameters: ['anna@example.org'],
    });
    const error = new Error('Failed query: insert into x values ($1)\nparams: anna@example.org,1', {
      cause,
    });
    const [line] = logged({ level: 'WARN', message: 'Activity failed', meta: { error } });
    expect(line).toMatchObject({
      level: 40,
      err: {
        message: 'Failed query: insert into x values ($1)',
        stack: expect.stringContaining('worker-log.test'),
        cause: { code: 'CONNECTION_CLOSED', message: 'connection lost' },
      },
    });
    expect(JSON.stringify(line)).not.toContain('anna');
  });

  it('stops at causes that go in a circle', () => {
    const error = new Error('round');
    error.cause = error;
    expect(logged({ level: 'ERROR', message: 'failed', meta: { error } })).toHaveLength(1);
  });

  it('leaves out what is below its level', () => {
    const entry = { level: 'INFO', message: 'step ended', meta: {} } as const;
    expect(logged(entry, 'warn')).toEqual([]);
  });
});
