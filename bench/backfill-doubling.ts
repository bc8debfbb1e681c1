/**
 * Twice the days over the same events: how much longer does a backfill take? Both lengths are
 * backfilled by turns in one run, from an empty store each time; of each, the round that was least
 * disturbed counts. Prints one table; the budget is a ratio below 2, exit 1 when one is missed. It
 * starts a Postgres of its own in a temporary folder, and leaves nothing.
 *
 *     node dist/bench/backfill-doubling.js [--users 1000] [--rounds 5]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../packages/config/load-config';
import { addDays, type LogicalDate } from '../packages/instants/logical-date';
import { openApplication, type Application } from '../packages/application/application';
import { datesOfChunk } from '../packages/orchestration/plan-chunks';
import { startStack } from '../packages/local-services/start-stack';
import { stopStack } from '../packages/local-services/stop-stack';
import { quietly } from './world/with-installation';

const START = '2024-01-01';
const END = '2024-12-31';
/** Days, and what they are doubled to; all end on the last day of the world. */
const DOUBLINGS = [
  [15, 30],
  [30, 60],
  [91, 182],
  [182, 364],
] as const;
const BUDGET = 2;

interface Measured {
  readonly seconds: number;
  readonly vectors: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      users: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '5' },
    },
  });
  const dataDir = await mkdtemp(path.join(tmpdir(), 'churn-bench-'));
  // Redis and Temporal have no part in this: nothing connects to them.
  const unused = { REDIS_URL: 'redis://127.0.0.1:1', TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const config = loadConfig({ CHURN_DATA_DIR: dataDir, ...unused });
  try {
    await startStack({ config, services: ['postgres'], durable: false });
    const application = await openApplication(config);
    const world = { users: Number(values.users), seed: 42 };
    await application.services.generate({ from: START, to: END, version: 1, ...world }, quietly);
    await application.adapters.rawLog();
    await measureAll(application, Number(values.rounds));
    await application.close();
  } finally {
    await stopStack({ config });
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function measureAll(application: Application, rounds: number): Promise<void> {
  await backfillLast(application, 30);
  print(['days', 'twice', 'seconds', 'twice', 'ratio of time', 'ratio of vectors', 'budget']);
  for (const [days, twice] of DOUBLINGS) {
    const pairs: [Measured, Measured][] = [];
    for (let round = 0; round < rounds; round += 1) {
      pairs.push([await backfillLast(application, days), await backfillLast(application, twice)]);
    }
    const [short, long] = [0, 1].map((side) => fastest(pairs.map((pair) => pair[side]!)));
    const ratio = long!.seconds / short!.seconds;
    print([
      String(days),
      String(twice),
      short!.seconds.toFixed(2),
      long!.seconds.toFixed(2),
      ratio.toFixed(2),
      (long!.vectors / short!.vectors).toFixed(2),
      ratio < BUDGET ? `< ${BUDGET}: yes` : `< ${BUDGET}: NO`,
    ]);
    if (ratio >= BUDGET) process.exitCode = 1;
  }
}

/** Empties the store and backfills the last days of the world, chunk by chunk, as the workflow does. */
async function backfillLast(application: Application, days: number): Promise<Measured> {
  const { adapters, pipelinePorts } = application;
  await adapters.database.sql`truncate ops.partition_runs, ops.backfills`;
  const { features, featureRevisions } = adapters.paths;
  for (const folder of [features, featureRevisions]) {
    await rm(folder, { recursive: true, force: true });
  }
  const from: LogicalDate = addDays(END, 1 - days);
  const request = { from, to: END, reprocess: 'missing', knownAt: 'latest', train: false } as const;
  const runId = `doubling-${days}`;
  const started = performance.now();
  const { chunks, knowledge } = await pipelinePorts.planBackfill({ id: runId, request });
  for (const chunk of chunks) {
    const dates = datesOfChunk(chunk);
    const work = { runId, dates, knowledge, reason: 'backfill' };
    await pipelinePorts.computeChunk(work, quietly);
  }
  const seconds = (performance.now() - started) / 1_000;
  const rows = await application.services.listPartitions({ from, to: END });
  const published = rows.filter(({ status }) => status === 'succeeded');
  if (published.length !== days) throw new Error(`${published.length} of ${days} days published`);
  return { seconds, vectors: published.reduce((total, row) => total + (row.rows ?? 0), 0) };
}

function fastest(measured: readonly Measured[]): Measured {
  return measured.reduce((best, next) => (next.seconds < best.seconds ? next : best));
}

function print(cells: readonly string[]): void {
  process.stdout.write(`${cells.map((cell) => cell.padEnd(18)).join('')}\n`);
}

void main();
