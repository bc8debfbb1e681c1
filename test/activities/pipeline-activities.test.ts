import { inspect } from 'node:util';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createPipelineActivities } from '../../activities';
import type { PipelinePorts } from '../../packages/contracts/pipeline-ports';
import { ChurnError, errorCatalogue, type ErrorCode } from '../../packages/contracts/errors';
import type { Alert, PartitionOutcome } from '../../packages/contracts/runs';
import { createFakePipelinePorts, someKnowledge } from '../workflows/fake-pipeline-ports';
import { createSignal } from '../workflows/signal';

const date = '2024-06-04';
const chunkInput = {
  backfillId: 'b1',
  chunk: { from: '2024-06-01', to: '2024-06-04', except: ['2024-06-02'] },
  knowledge: someKnowledge,
};

describe('the pipeline activities', () => {
  const withHeartbeats = { heartbeatTimeoutMs: 30_000 };
  const activitiesOf = (scripted: Partial<PipelinePorts>, beatMs = 1) =>
    createPipelineActivities(createFakePipelinePorts(scripted), { beatMs });

  it('have the names of the steps, as the Temporal UI shows them', () => {
    expect(Object.keys(activitiesOf({}))).toEqual(
      expect.arrayContaining([
        'generate_data',
        'compute_features',
        'sync_online_features',
        'train_model',
        'run_drift_detection',
        'validate_schema',
      ]),
    );
  });

  it('take K after the load and hand it to the computation, with the workflow as its owner', async () => {
    const ports = createFakePipelinePorts();
    const { compute_features } = createPipelineActivities(ports);
    const environment = new MockActivityEnvironment({
      workflowExecution: { workflowId: `churn-daily-${date}T01:00:00Z`, runId: 'r1' },
    });
    await environment.run(compute_features, { date });
    expect(ports.calls.map(({ port, phase }) => `${port} ${phase}`)).toEqual([
      'takeDailyKnowledge start',
      'takeDailyKnowledge end',
      'computeDay start',
      'computeDay end',
    ]);
    expect(ports.inputsOf('computeDay')).toEqual([
      { date, runId: `churn-daily-${date}T01:00:00Z`, knowledge: someKnowledge },
    ]);
  });

  it.each([
    ['none', 'missing'],
    ['failed', 'missing-and-failed'],
    ['completed', 'all'],
    ['missing', 'missing'],
    ['missing-and-failed', 'missing-and-failed'],
    ['all', 'all'],
  ] as const)('plan what %s of whichever release asks for as %s', async (asked, planned) => {
    const ports = createFakePipelinePorts();
    const { plan_backfill } = createPipelineActivities(ports);
    const request = { from: date, to: date, knownAt: 'latest', train: false };
    const input = { id: 'b1', request: { ...request, reprocess: asked } };
    await new MockActivityEnvironment().run(plan_backfill, input);
    expect(ports.inputsOf('planBackfill')).toEqual([
      { id: 'b1', request: { ...request, reprocess: planned } },
    ]);
  });

  it('restate as the run of a workflow, whose id another restatement may use again', async () => {
    const ports = createFakePipelinePorts();
    const { restate_partitions } = createPipelineActivities(ports);
    const workflowExecution = { workflowId: 'churn-restate', runId: 'r2' };
    const environment = new MockActivityEnvironment({ workflowExecution });
    await environment.run(restate_partitions, { dryRun: false });
    expect(ports.inputsOf('restatePartitions')).toEqual([{ dryRun: false, runId: 'r2' }]);
  });

  it('list no more restated partitions than fit a small payload, but count all', async () => {
    const restated = Array.from({ length: 400 }, (_, index) => ({
      date: `d${index}`,
      reason: 'labels matured',
      revision: 2,
    }));
    const { compute_features } = activitiesOf({
      computeDay: async () => ({ published: null, restated }),
    });
    const result = await new MockActivityEnvironment().run(compute_features, { date });
    expect(result).toMatchObject({ restatedCount: 400, restated: restated.slice(0, 50) });
    expect((result as { restated: unknown[] }).restated).toHaveLength(50);
  });

  it('expand a chunk to its dates without the excepted ones', async () => {
    const ports = createFakePipelinePorts();
    const { compute_chunk } = createPipelineActivities(ports);
    const outcomes = await new MockActivityEnvironment().run(compute_chunk, chunkInput);
    expect(outcomes).toEqual(
      ['2024-06-01', '2024-06-03', '2024-06-04'].map((day) => ({ date: day, status: 'succeeded' })),
    );
    expect(ports.inputsOf('computeChunk')).toMatchObject([
      { runId: 'b1', reason: 'backfill', knowledge: someKnowledge },
    ]);
  });

  it('cut long errors of single dates short', async () => {
    const { compute_chunk } = activitiesOf({
      computeChunk: async () => [{ date, status: 'failed', error: 'x'.repeat(10_000) }],
    });
    const outcomes = await new MockActivityEnvironment().run(compute_chunk, chunkInput);
    expect(outcomes).toEqual([{ date, status: 'failed', error: 'x'.repeat(300) }]);
  });

  describe('heartbeats', () => {
    it('carry what the port reports, and go on while it is silent', async () => {
      const beats: unknown[] = [];
      const enough = createSignal();
      const environment = new MockActivityEnvironment(withHeartbeats);
      environment.on('heartbeat', (details: unknown) => {
        beats.push(details);
        if (beats.length === 4) enough.send();
      });
      const details = { what: 'partitions', done: 3, total: 30 };
      const { generate_data } = activitiesOf({
        generateData: async (_date, progress) => {
          progress.report(details);
          await enough.received;
          return { batch: 1, rows: {}, rejected: 0 };
        },
      });
      await environment.run(generate_data, { date });
      expect(beats.slice(0, 4)).toEqual([details, details, details, details]);
    });

    it('are throttled however often the port reports', async () => {
      const beats: unknown[] = [];
      const environment = new MockActivityEnvironment(withHeartbeats);
      environment.on('heartbeat', (details: unknown) => void beats.push(details));
      const { generate_data } = activitiesOf(
        {
          generateData: async (_date, progress) => {
            for (let done = 0; done < 10_000; done += 1) {
              progress.report({ what: 'rows', done, total: 10_000 });
            }
            return { batch: 1, rows: {}, rejected: 0 };
          },
        },
        60_000,
      );
      await environment.run(generate_data, { date });
      expect(beats).toEqual([{ what: 'rows', done: 0, total: 10_000 }]);
    });

    it('are not sent by an activity that has no heartbeat timeout', async () => {
      const environment = new MockActivityEnvironment({ heartbeatTimeoutMs: undefined });
      const beaten = jest.fn();
      environment.on('heartbeat', beaten);
      const { generate_data } = activitiesOf({
        generateData: async (_date, progress) => {
          progress.report({ what: 'rows', done: 1, total: 2 });
          await new Promise((resolve) => setImmediate(resolve));
          return { batch: 1, rows: {}, rejected: 0 };
        },
      });
      await environment.run(generate_data, { date });
      expect(beaten).not.toHaveBeenCalled();
    });
  });

  describe('cancellation', () => {
    it('reaches the port through its signal, and ends the activity as cancelled whatever it throws', async () => {
      const environment = new MockActivityEnvironment(withHeartbeats);
      const { sync_online_features } = activitiesOf({
        syncOnline: (progress) =>
          new Promise((_, reject) => {
            progress.signal.addEventListener('abort', () => reject(new Error('INTERRUPT')));
            environment.cancel();
          }),
      });
      await expect(environment.run(sync_online_features, { date })).rejects.toThrow(
        CancelledFailure,
      );
    });

    it('that comes too late changes nothing: what is done is reported as done', async () => {
      const environment = new MockActivityEnvironment(withHeartbeats);
      const { sync_online_features } = activitiesOf({
        syncOnline: async () => {
          environment.cancel();
          return { date, written: 1, unchanged: 0, removed: 0 };
        },
      });
      await expect(environment.run(sync_online_features, { date })).resolves.toMatchObject({
        written: 1,
      });
    });
  });

  describe('that fail and are tried again', () => {
    const logger = new DefaultLogger('ERROR');
    const workflowExecution = { workflowId: 'w', runId: 'r' };
    const retryPolicy = { maximumAttempts: 5 };
    const failing = async () => {
      throw new ChurnError('REDIS_UNAVAILABLE');
    };
    /** The alerts that one attempt raises. */
    const alertsOf = async (
      attempt: number,
      scripted: Partial<PipelinePorts> = { syncOnline: failing },
    ) => {
      const ports = createFakePipelinePorts(scripted);
      const { sync_online_features } = createPipelineActivities(ports);
      const info = {
        attempt,
        workflowExecution,
        retryPolicy,
        activityType: 'sync_online_features',
      };
      await new MockActivityEnvironment(info, { logger })
        .run(sync_online_features, { date })
        .catch(() => {});
      return ports.inputsOf('raiseAlert') as Alert[];
    };

    it.each([
      [1, 0],
      [2, 1],
      [4, 1],
    ])('alert from the second attempt on: attempt %d raises %d', async (attempt, count) => {
      const alerts = await alertsOf(attempt);
      expect(alerts).toHaveLength(count);
      for (const alert of alerts) {
        expect(alert).toMatchObject({
          key: 'step-retrying/w/r/sync_online_features',
          severity: 'warning',
          date,
          details: { attempt },
        });
        expect(alert.message).toContain('REDIS_UNAVAILABLE: ');
      }
    });

    it('say nothing of the last attempt, which the workflow reports', async () => {
      expect(await alertsOf(5)).toEqual([]);
    });

    it('say nothing of what can not pass by waiting, which is not tried again', async () => {
      const damaged = async () => {
        throw new ChurnError('CORRUPT_PARTITION', { path: 'x' });
      };
      expect(await alertsOf(2, { syncOnline: damaged })).toEqual([]);
    });

    it('alert when those before were killed, before the third begins, with the same key', async () => {
      const alerts = await alertsOf(3, {});
      expect(alerts).toMatchObject([
        { key: 'step-retrying/w/r/sync_online_features', details: { attempt: 2 } },
      ]);
      expect(alerts[0]!.message).toContain('its worker was killed or did not answer');
    });

    it('fail as they do, also where the alert can not be raised', async () => {
      const ports = createFakePipelinePorts({ syncOnline: failing, raiseAlert: failing });
      const { sync_online_features, raise_alert } = createPipelineActivities(ports);
      const run = (attempt: number) => new MockActivityEnvironment({ attempt }, { logger });
      await expect(run(2).run(sync_online_features, { date })).rejects.toMatchObject({
        type: 'REDIS_UNAVAILABLE',
      });
      const raised = ports.inputsOf('raiseAlert').length;
      const [alert] = ports.inputsOf('raiseAlert') as [Alert];
      await expect(run(3).run(raise_alert, alert)).rejects.toMatchObject({
        type: 'REDIS_UNAVAILABLE',
      });
      expect(ports.inputsOf('raiseAlert')).toHaveLength(raised + 1);
    });
  });

  it('give the errors of a year of failed dates as far as they fit a small payload', async () => {
    const dates = Array.from({ length: 365 }, (_, index) => `d${index}`);
    const { compute_chunk } = activitiesOf({
      computeChunk: async () =>
        dates.map((day) => ({ date: day, status: 'failed', error: '"ü'.repeat(500) })),
    });
    const outcomes: PartitionOutcome[] = await new MockActivityEnvironment().run(
      compute_chunk,
      chunkInput,
    );
    expect(outcomes.map((outcome) => outcome.date)).toEqual(dates);
    expect(outcomes[0]!.error).toHaveLength(300);
    expect(Buffer.byteLength(JSON.stringify(outcomes))).toBeLessThan(48 * 1024);
  });

  describe('errors', () => {
    // The SDK would log each of these failures.
    const logger = new DefaultLogger('ERROR');
    const failureOf = async (error: unknown) => {
      const { validate_schema } = activitiesOf({
        validateSchemas: () => {
          throw error;
        },
      });
      return new MockActivityEnvironment({}, { logger })
        .run(validate_schema, { date })
        .then(() => undefined)
        .catch((failure: unknown) => failure);
    };

    it.each(Object.keys(errorCatalogue) as ErrorCode[])(
      '%s keeps its code as the type, and is retried only if the catalogue says so',
      async (code) => {
        expect(await failureOf(new ChurnError(code, { problem: 'p' }))).toMatchObject({
          name: 'ApplicationFailure',
          type: code,
          nonRetryable: !errorCatalogue[code].retryable,
          details: [{ problem: 'p' }],
        });
      },
    );

    it('of a lost connection to Postgres are retried as POSTGRES_UNAVAILABLE', async () => {
      const lost = Object.assign(new Error('read'), { code: 'ECONNRESET' });
      expect(await failureOf(lost)).toMatchObject({
        type: 'POSTGRES_UNAVAILABLE',
        nonRetryable: false,
      });
    });

    it.each(['ENOSPC', 'EROFS'])(
      'of a disk that takes nothing (%s) are retried as STORAGE_UNAVAILABLE',
      async (code) => {
        expect(await failureOf(Object.assign(new Error('write'), { code }))).toMatchObject({
          type: 'STORAGE_UNAVAILABLE',
          nonRetryable: false,
        });
      },
    );

    it('do not show what the catalogue does not say: its cause may quote data', async () => {
      const cause = new Error('Could not convert string alice@example.com');
      const error = new ChurnError(
        'DUCKDB_QUERY_FAILED',
        { problem: 'Conversion Error' },
        { cause },
      );
      const failure = (await failureOf(error)) as Error;
      expect(failure.cause).toBeUndefined();
      expect(inspect(failure, { depth: 9 })).not.toContain('alice');
    });

    it('that nobody foresaw stay as they are, which Temporal retries', async () => {
      const surprise = new TypeError('undefined is not a function');
      expect(await failureOf(surprise)).toBe(surprise);
      expect(await failureOf('a text')).toMatchObject({ message: 'a text' });
    });

    it('are an answer when there is too little data to train', async () => {
      const { train_model } = activitiesOf({
        trainModel: () =>
          Promise.reject(
            new ChurnError('NOT_ENOUGH_TRAINING_DATA', { asOf: date, problem: '3 days' }),
          ),
      });
      await expect(new MockActivityEnvironment().run(train_model, { date })).resolves.toMatchObject(
        { status: 'not_enough_data', verdict: 'warn' },
      );
    });
  });

  it.each([
    ['no_reference', 'pass'],
    ['stable', 'pass'],
    ['drifted', 'warn'],
  ] as const)('turn drift %s into verdict %s', async (status, verdict) => {
    const { run_drift_detection } = activitiesOf({
      detectDrift: async () => ({ status, reference: null, alerts: 0 }),
    });
    const result = await new MockActivityEnvironment().run(run_drift_detection, { date });
    expect(result).toMatchObject({ verdict });
  });
});
