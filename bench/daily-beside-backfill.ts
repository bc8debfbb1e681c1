/**
 * What a daily run costs beside a backfill: whole runs through Temporal, by turns alone and beside
 * backfills of a year that follow each other, on the same installation. Two weeks of days, so that
 * each weekday comes in both; sums of the medians of each step. Exit 1 when the budget is missed.
 *
 *     node dist/bench/daily-beside-backfill.js [--users 2000] [--days 14]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { stepNames, type StepName } from '../packages/contracts/pipeline';
import { addDays } from '../packages/instants/logical-date';
import type { Application } from '../packages/application/application';
import { formatSeconds, secondsOf } from './measurements/measurement';
import { quietly, withInstallation } from './world/with-installation';

const BUDGET = 1.5;
const YEAR = { from: '2024-01-01', to: '2024-12-30' } as const;
const FIRST_DAY = '2025-01-06';

type SecondsOfSteps = Readonly<Record<StepName, number>>;
type Side = 'alone' | 'beside';

async function runDay({ services }: Application, date: string): Promise<SecondsOfSteps> {
  const { steps } = await services.runDay(date, quietly);
  const failed = steps.find(({ status }) => status === 'failed');
  if (failed) throw new Error(`${failed.step} of ${date}: ${String(failed.result)}`);
  const seconds = (name: StepName) =>
    steps.find(({ step, status }) => step === name && status === 'succeeded')?.seconds ?? NaN;
  return Object.fromEntries(stepNames.map((name) => [name, seconds(name)])) as SecondsOfSteps;
}

/** Keeps backfills running, one after the other, until `work` has ended. */
async function besideBackfills<T>(
  { services }: Application,
  work: () => Promise<T>,
): Promise<{ result: T; backfills: number }> {
  const request = { ...YEAR, reprocess: 'all', knownAt: 'latest', train: false } as const;
  const stop = new AbortController();
  let backfills = 0;
  const loop = async () => {
    const progress = { report: () => {}, signal: stop.signal };
    for (; !stop.signal.aborted; backfills += 1) await services.backfill(request, progress);
  };
  const looping = loop();
  try {
    return { result: await work(), backfills };
  } finally {
    stop.abort();
    await looping;
  }
}

async function measure(application: Application, days: number) {
  const measured: Record<Side, SecondsOfSteps[]> = { alone: [], beside: [] };
  // The first one warms up.
  for (let index = -1; index < days; index += 1) {
    const date = addDays(FIRST_DAY, index);
    const side = index % 2 === 0 ? 'beside' : 'alone';
    const seconds =
      side === 'alone'
        ? await runDay(application, date)
        : (await besideBackfills(application, () => runDay(application, date))).result;
    process.stderr.write(`${date} ${side}: ${JSON.stringify(seconds)}\n`);
    if (index >= 0) measured[side].push(seconds);
  }
  return measured;
}

function median(values: readonly number[]): number {
  const sorted = values.filter((each) => !Number.isNaN(each)).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function report(measured: Readonly<Record<Side, readonly SecondsOfSteps[]>>): boolean {
  const of = (side: Side, step: StepName) => median(measured[side].map((each) => each[step]));
  const sum = (side: Side, steps: readonly StepName[]) =>
    steps.reduce((total, step) => total + of(side, step), 0);
  const print = (what: string, steps: readonly StepName[]) => {
    const [alone, beside] = [sum('alone', steps), sum('beside', steps)];
    const cells = [formatSeconds(alone), formatSeconds(beside), (beside / alone).toFixed(2)];
    process.stdout.write(`${what.padEnd(32)}${cells.map((cell) => cell.padEnd(12)).join('')}\n`);
    return beside / alone;
  };
  process.stdout.write(`${''.padEnd(32)}${'alone'.padEnd(12)}${'beside'.padEnd(12)}ratio\n`);
  for (const step of stepNames) print(step, [step]);
  const untrained = stepNames.filter((step) => step !== 'train_model');
  const ratios = [print('a run without training', untrained), print('a run', stepNames)];
  const isMet = ratios.every((ratio) => ratio <= BUDGET);
  process.stdout.write(`at most ${BUDGET}: ${isMet ? 'yes' : 'NO'}\n`);
  return isMet;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      users: { type: 'string', default: '2000' },
      days: { type: 'string', default: '14' },
    },
  });
  const scratch = await mkdtemp(path.join(tmpdir(), 'churn-bench-'));
  try {
    const services = ['postgres', 'redis', 'temporal', 'worker'] as const;
    await withInstallation({ scratch, services }, async (application) => {
      const world = { users: Number(values.users), seed: 47 };
      const before = addDays(FIRST_DAY, -2);
      const prepared = await secondsOf(async () => {
        await application.services.generate({ ...world, from: '2023-06-01', to: before }, quietly);
        const request = { reprocess: 'missing', knownAt: 'latest', train: false } as const;
        await application.services.backfill({ ...request, from: YEAR.from, to: before }, quietly);
      });
      process.stderr.write(`prepared in ${formatSeconds(prepared)}\n`);
      if (!report(await measure(application, Number(values.days)))) process.exitCode = 1;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

void main();
