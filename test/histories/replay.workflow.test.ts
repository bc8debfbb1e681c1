import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { historyFromText } from './history-json';

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
});

/**
 * One recorded history per shape of control flow. One that no longer replays means that executions
 * started before a deployment would break by it: mend the workflow (or `patched()` it), never
 * re-record to make this pass. CHURN_RECORD_HISTORIES=1 with the workflow tests records new shapes.
 */
const shapes = [
  'backfill-cancelled',
  'backfill-continued',
  'backfill-failed-dates',
  'backfill-paused-in-chunk',
  'backfill-paused',
  'daily-cancelled',
  'daily-failed-begin',
  'daily-failed-load',
  'daily-failed-training',
  'daily-retry',
  'daily-sla-breach',
  'daily-thursday',
  'daily-tuesday',
];

const textOf = (shape: string) => readFileSync(path.join(__dirname, `${shape}.json`), 'utf8');
const historyOf = (shape: string) => historyFromText(textOf(shape));

describe('the recorded histories', () => {
  const workflowBundle = { codePath: process.env.TEST_WORKFLOW_BUNDLE! };

  it('are one per shape', () => {
    const recorded = readdirSync(__dirname).filter((name) => name.endsWith('.json'));
    expect(recorded.sort()).toEqual(shapes.map((shape) => `${shape}.json`));
  });

  it.each(shapes)('%s replays on the workflows as they are', async (shape) => {
    await Worker.runReplayHistory({ workflowBundle }, historyOf(shape));
  });

  it.each(shapes)('%s says nothing of where it was recorded', (shape) => {
    expect(textOf(shape)).not.toMatch(/"identity": "(?!recorded")|\/home\/|\/root\/|\/work\//);
  });

  it('do not replay on workflows that do something else', async () => {
    const incompatible = await bundleWorkflowCode({
      workflowsPath: path.join(__dirname, 'incompatible-workflows.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    for (const shape of ['daily-tuesday', 'backfill-continued']) {
      await expect(
        Worker.runReplayHistory({ workflowBundle: incompatible }, historyOf(shape)),
      ).rejects.toMatchObject({ name: 'DeterminismViolationError' });
    }
  });
});
