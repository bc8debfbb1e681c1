import type { Application } from '../../packages/application/application';
import { addDays } from '../../packages/instants/logical-date';
import type { StepName } from '../../packages/contracts/pipeline';
import { serviceNames, type ServiceName } from '../../packages/local-services/service-names';
import { killableStack, type KillableStack } from './killable-stack';
import { openTestApplication, quietly } from './open-test-platform';
import { reportFigure } from './report-figure';
import { lastingState, leftovers, runUndisturbed, type Run } from './undisturbed-twin';
import { describeWhenDeep } from '../environment/when-deep';

const world = { users: 60, seed: 7 };
const firstDate = '2024-01-31';
/** Together the backfills have as many days as training takes. */
const DAYS_PER_BACKFILL = 18;
const RECOVERY_SECONDS_MAX = 90;

/** `up` means that `up` is run at once after the kill, `supervisor` that nothing is done. */
type Remedy = 'up' | 'supervisor';

const inChunk: readonly [string, readonly ServiceName[], Remedy][] = [
  ['the worker', ['worker'], 'up'],
  ['Temporal', ['temporal'], 'up'],
  ['Postgres', ['postgres'], 'up'],
  ['Redis', ['redis'], 'up'],
  ['the API', ['api'], 'up'],
  ['all five', serviceNames, 'up'],
  ['all five', serviceNames, 'supervisor'],
];

const inStep: readonly [string, readonly ServiceName[], StepName][] = [
  ['the worker', ['worker'], 'train_model'],
  ['the worker', ['worker'], 'generate_data'],
  ['the worker', ['worker'], 'compute_features'],
  ['the worker', ['worker'], 'sync_online_features'],
  ['the worker', ['worker'], 'run_drift_detection'],
  ['the worker', ['worker'], 'validate_schema'],
  ['Temporal', ['temporal'], 'compute_features'],
  ['Postgres', ['postgres'], 'generate_data'],
  ['Redis', ['redis'], 'sync_online_features'],
  ['the API', ['api'], 'train_model'],
  ['all five', serviceNames, 'generate_data'],
  ['all five', serviceNames, 'compute_features'],
  ['all five', serviceNames, 'train_model'],
];

/** The cases follow one another in one installation, each with dates of its own. */
describeWhenDeep('an installation that is killed over and over', () => {
  let stack: KillableStack;
  let application: Application;
  const runs: Run[] = [];
  const lastDate = addDays(firstDate, inChunk.length * DAYS_PER_BACKFILL - 1);
  const whole = { from: firstDate, to: lastDate };

  beforeAll(async () => {
    stack = await killableStack();
    application = stack.application;
    await application.services.generate({ ...world, ...whole }, quietly);
  }, 180_000);

  afterAll(() => stack.remove(), 60_000);

  it.each(inChunk)(
    'goes on when %s (%p) is killed in a chunk of a backfill, by: %s',
    async (what, killed, remedy) => {
      const from = addDays(firstDate, runs.length * DAYS_PER_BACKFILL);
      const range = { from, to: addDays(from, DAYS_PER_BACKFILL - 1) };
      runs.push(range);
      const { published, ended } = await stack.stopInChunk(range);
      expect(published).toBeLessThan(DAYS_PER_BACKFILL);
      const { seconds, outcome } = await stack.killAndRecover(killed, { remedy, ended });
      const where = `a chunk, after ${published} of ${DAYS_PER_BACKFILL} dates`;
      reportFigure(`${what} killed in ${where}, ${remedy}`, 'recovered', seconds);
      expect(outcome).toMatchObject({ status: 'succeeded', failed: [] });
      expect(seconds).toBeLessThan(RECOVERY_SECONDS_MAX);
    },
    300_000,
  );

  it.each(inStep)(
    'goes on when %s (%p) is killed in %s',
    async (what, killed, step) => {
      const { date, ended } = await stack.stopInStep(step, (date) => runs.push({ date }));
      const { seconds, outcome } = await stack.killAndRecover(killed, { remedy: 'up', ended });
      reportFigure(`${what} killed in ${step}`, 'recovered', seconds);
      expect(outcome).toMatchObject({ date, verdict: expect.not.stringMatching('fail') as string });
      expect(seconds).toBeLessThan(RECOVERY_SECONDS_MAX);
    },
    420_000,
  );

  it('has the bytes, rows, vectors and ledger of one that nothing disturbed', async () => {
    const twin = await openTestApplication();
    try {
      await twin.services.generate({ ...world, ...whole }, quietly);
      await runUndisturbed(twin, runs);
      const [present, expected] = [await lastingState(application), await lastingState(twin)];
      expect(present).toEqual(expected);
      const files = Object.keys(present.files);
      for (const folder of ['features', 'drift_logs', 'churn_model']) {
        expect(files.filter((file) => file.startsWith(`${folder}/`))).not.toEqual([]);
      }
      expect(Object.keys(present.vectors)).not.toEqual([]);
      expect(leftovers(stack.config.dataDir)).toEqual([]);
      reportFigure('files equal to those of an undisturbed installation', files.length);
    } finally {
      await twin.remove();
    }
  }, 300_000);
});
