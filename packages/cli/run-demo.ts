import { ChurnError } from '../contracts';
import { addDays, type LogicalDate } from '../instants';
import { startStack, type StackStatus } from '../local-services';
import { applyApplicationSchedules } from './apply-platform-schedules';
import { callPredict } from './call-predict';
import type { CommandContext } from './command-context';

export interface DemoOptions {
  readonly users?: number;
  readonly months: number;
  readonly seed?: number;
  /** The last day that is loaded and computed. */
  readonly end: LogicalDate;
}

export type DemoReport = Awaited<ReturnType<typeof runDemo>>;

/**
 * The main job, end to end: stack, synthetic data, backfill through Temporal, restatement, sync,
 * drift, training, drift again, one prediction over HTTP. Again at once it changes nothing.
 */
export async function runDemo(options: DemoOptions, ports: CommandContext) {
  const seconds: Record<string, number> = {};
  const timed = async <T>(step: string, work: () => Promise<T>): Promise<T> => {
    const started = ports.clock();
    ports.progress.report({ what: step, done: 0, total: 0 });
    const result = await work();
    seconds[step] = Math.round((ports.clock() - started) / 100) / 10;
    return result;
  };
  const { progress } = ports;
  const stack = await timed('stack', () => startDemoStack(ports));
  const { services, adapters } = await ports.application();
  const range = await demoRange(options, (await adapters.installation()).world?.start);
  const load = await timed('generate', () => services.generate({ ...options, ...range }, progress));
  const request = { ...range, reprocess: 'missing', knownAt: 'latest', train: false } as const;
  const backfill = await timed('backfill', () => services.backfill(request, progress));
  if (backfill.status !== 'succeeded') {
    const [first] = backfill.errors;
    const count = `${backfill.failed.length} dates failed`;
    const problem = backfill.reason ?? (first ? `${count}, ${first.date}: ${first.error}` : count);
    throw new ChurnError('RUN_FAILED', { what: `Backfill ${backfill.id}`, problem });
  }
  const restated = await timed('restate', () => services.restate({ dryRun: false }, progress));
  const sync = await timed('sync', () => services.sync(progress));
  const driftBefore = await timed('drift', () => services.drift(range.to));
  const { metadata, isNew } = await timed('train', () =>
    services.train({ asOf: range.to }, progress),
  );
  const drift = await timed('drift again', () => services.drift(range.to));
  const { users } = await timed('at-risk', () => services.atRisk({ limit: 10 }));
  const [first] = users;
  if (!first) {
    const problem = 'no user is eligible, so there is nobody to predict for';
    throw new ChurnError('RUN_FAILED', { what: 'The demo', problem });
  }
  const apiUrl = urlOf(stack, 'api');
  const champion = (await services.listModels()).aliases.champion;
  const prediction = await timed('predict', () =>
    callPredict({ apiUrl, userId: first.user_id, champion }),
  );
  const partitions = await services.listPartitions(range);
  return {
    range,
    load,
    backfill,
    restated: restated.restated.length,
    partitions: partitions.length,
    vectors: partitions.reduce((total, row) => total + (row.rows ?? 0), 0),
    sync,
    drift_before_training: driftBefore.status,
    drift: { status: drift.status, alerts: drift.alerts },
    model: metadata,
    model_is_new: isNew,
    at_risk: users,
    prediction,
    seconds,
    urls: { api: apiUrl, docs: `${apiUrl}/docs`, temporal: urlOf(stack, 'temporal') },
    data_dir: ports.config.dataDir,
  };
}

async function startDemoStack({
  config,
  progress,
  application,
}: CommandContext): Promise<StackStatus> {
  const status = await startStack({
    config,
    isSupervised: true,
    onEvent: ({ service, kind }) =>
      progress.report({ what: `${service}: ${kind}`, done: 0, total: 0 }),
  });
  await applyApplicationSchedules(await application());
  return status;
}

/** From the world's start (or `months` before the end) to the end. */
async function demoRange(
  { end, months }: DemoOptions,
  worldStart: LogicalDate | undefined,
): Promise<{ from: LogicalDate; to: LogicalDate }> {
  return { from: worldStart ?? monthsBefore(end, months), to: end };
}

/** The same day of the month, months earlier; the last day of a month that is shorter. */
export function monthsBefore(date: LogicalDate, months: number): LogicalDate {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  const index = year * 12 + (month - 1) - months;
  const firstOfMonth = (at: number) =>
    `${String(Math.floor(at / 12)).padStart(4, '0')}-${String((at % 12) + 1).padStart(2, '0')}-01`;
  const last = addDays(firstOfMonth(index + 1), -1);
  const wanted = addDays(firstOfMonth(index), day - 1);
  return wanted < last ? wanted : last;
}

function urlOf({ services }: StackStatus, name: string): string {
  return services.find((service) => service.name === name)?.url ?? '';
}
