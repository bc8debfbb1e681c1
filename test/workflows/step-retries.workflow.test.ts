import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { ChurnError } from '../../packages/contracts/errors';
import type { DailyRunProgress, DailyRunReport } from '../../packages/contracts/runs';
import { createFakePipelinePorts, type FakePipelinePorts } from './fake-pipeline-ports';
import { createTimeSkippingRig, type WorkflowRig, REPLAY_MS } from './workflow-rig';
import { catalogueMessage } from '../support/catalogue-message';

const diskIsFull = catalogueMessage('STORAGE_UNAVAILABLE', { problem: /.*the disk is full/ });

const TUESDAY = '2024-06-04';

describe('a step that fails and is tried again', () => {
  let rig: WorkflowRig;
  beforeAll(async () => {
    rig = await createTimeSkippingRig();
  });
  afterAll(() => rig.close(), REPLAY_MS);

  const daily = (date: string) => ({ input: { date, kind: 'manual' } });

  /** What Temporal's UI shows beside the run. */
  const detailsOf = async (handle: WorkflowHandle) => {
    const query = '__temporal_workflow_metadata';
    return (await handle.query<{ currentDetails: string }>(query)).currentDetails;
  };
  const full = () => new ChurnError('STORAGE_UNAVAILABLE', { problem: 'the disk is full' });

  it('alerts after the second attempt, once, while it goes on; the first says nothing yet', async () => {
    const alertsBefore: number[] = [];
    const ports: FakePipelinePorts = createFakePipelinePorts({
      generateData: async () => {
        alertsBefore.push(ports.alerts.size);
        if (alertsBefore.length < 5) throw full();
        return { batch: 1, rows: {}, rejected: 0 };
      },
    });
    const handle = await rig.run({ ports }, async (run) => {
      const started = await run.start('dailyRun', daily(TUESDAY));
      await started.result();
      return started;
    });
    expect(alertsBefore).toEqual([0, 0, 1, 1, 1]);
    const [alert] = ports.alerts.values();
    expect(ports.alerts.size).toBe(1);
    expect(alert).toMatchObject({
      kind: 'step-retrying',
      severity: 'warning',
      date: TUESDAY,
      details: { step: 'generate_data', attempt: 2, workflow_id: handle.workflowId },
    });
    expect(alert!.message).toMatch(
      new RegExp(
        `^generate_data of 2024-06-04 failed 2 times and will be tried again[.] STORAGE_UNAVAILABLE: ${diskIsFull.source}`,
      ),
    );
  });

  it('shows in the progress and the details of the run, until it is over', async () => {
    const seen: DailyRunProgress[] = [];
    const details: string[] = [];
    let workflowId = '';
    const ports = createFakePipelinePorts({
      generateData: async () => {
        const handle = rig.env.client.workflow.getHandle(workflowId);
        seen.push(await handle.query<DailyRunProgress>('progress'));
        details.push(await detailsOf(handle));
        if (seen.length < 3) throw full();
        return { batch: 1, rows: {}, rejected: 0 };
      },
    });
    const last = await rig.run({ ports }, async (run) => {
      workflowId = `test-shown-${TUESDAY}`;
      const handle = await run.start('dailyRun', { ...daily(TUESDAY), workflowId });
      await handle.result();
      expect(await detailsOf(handle)).not.toContain('tried again');
      return handle.query<DailyRunProgress>('progress');
    });
    const error = expect.stringMatching(/^STORAGE_UNAVAILABLE: .*the disk is full/) as string;
    expect(seen.map(({ retrying }) => retrying)).toEqual([
      [],
      [{ step: 'generate_data', attempt: 1, error }],
      [{ step: 'generate_data', attempt: 2, error }],
    ]);
    expect(details.map((text) => /generate_data is tried again.*/.exec(text)?.[0])).toEqual([
      undefined,
      expect.stringMatching(/attempt 1 failed: STORAGE_UNAVAILABLE: .*the disk is full/),
      expect.stringMatching(/attempt 2 failed: STORAGE_UNAVAILABLE: .*the disk is full/),
    ]);
    expect(last.retrying).toEqual([]);
  });

  it('that can not pass is not tried again: only its failure alerts, with code and remedy', async () => {
    const ports = createFakePipelinePorts({
      trainModel: () =>
        Promise.reject(
          new ChurnError('DUCKDB_OUT_OF_MEMORY', { memoryMegabytes: 1024, threads: 2 }),
        ),
    });
    const failure = await rig.run({ ports }, async (run) => {
      const handle = await run.start('dailyRun', daily(TUESDAY));
      return handle.result().catch((error: unknown) => error as WorkflowFailedError);
    });
    const { details } = (failure as WorkflowFailedError).cause as ApplicationFailure;
    const report = details![0] as DailyRunReport;
    expect(ports.inputsOf('trainModel')).toHaveLength(1);
    expect([...ports.alerts.values()]).toEqual([
      expect.objectContaining({
        key: expect.stringMatching(/^run-failed\/.+\/train_model$/) as string,
        message: expect.stringMatching(/DUCKDB_OUT_OF_MEMORY: .*CHURN_DUCKDB_MEMORY_MB/) as string,
      }),
    ]);
    expect(report.steps.find(({ step }) => step === 'train_model')?.result).toMatch(
      /^DUCKDB_OUT_OF_MEMORY: /,
    );
  });
});
