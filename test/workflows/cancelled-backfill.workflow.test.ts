import { ChurnError } from '../../packages/contracts/errors';
import { createFakePipelinePorts } from './fake-pipeline-ports';
import { createSignal } from './signal';
import { startBackfill } from './start-backfill';
import { createOwnServerRig, type WorkflowRig, REPLAY_MS } from './workflow-rig';

describe('a backfill that is cancelled', () => {
  let rig: WorkflowRig;
  beforeAll(async () => {
    rig = await createOwnServerRig();
  });
  afterAll(() => rig.close(), REPLAY_MS);

  it('is cancelled, not failed, when its sync ends otherwise meanwhile, as by a lost worker', async () => {
    const entered = createSignal();
    const cancelled = createSignal();
    const ports = createFakePipelinePorts({
      syncOnline: async () => {
        entered.send();
        await cancelled.received;
        throw new ChurnError('NO_DATA', {});
      },
    });
    await rig.run({ ports }, async (run) => {
      const handle = await startBackfill(run, { from: '2024-05-30' });
      await entered.received;
      await handle.cancel();
      cancelled.send();
      await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    });
    expect(ports.inputsOf('finishBackfill')).toMatchObject([{ status: 'cancelled' }]);
    expect(ports.alerts.size).toBe(0);
  });
});
