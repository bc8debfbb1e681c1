/**
 * The platform's budgets, measured side by side with peers in one run. Prints one table, or one
 * JSON document; progress goes to stderr. Exit 1 when a budget is missed, a measurement
 * fails, or a peer computes something else. Everything runs in a temporary folder that is removed.
 *
 *     node dist/bench/platform.js [--users 50000] [--days 365] [--only backfill,one-day,…]
 *       [--rounds 3] [--backfill-rounds 2] [--restate-users 5000] [--many-users 100000]
 *       [--load-events 1000000] [--ids mixed] [--json]
 *
 * CHURN_BENCH_PYTHON names a Python with polars and numpy; without it one is made, by pip. Where it
 * has Feast with its DuckDB store as well, `history` is measured beside that.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureBackfill } from './measurements/backfill';
import { measureEncode } from './measurements/encode';
import type { BenchOptions, Measurement, Row } from './measurements/measurement';
import { measureOneDay } from './measurements/one-day';
import { measureHistory } from './measurements/history';
import { measureOnline } from './measurements/online';
import { measureRawLoad } from './measurements/raw-load';
import { measureRestate } from './measurements/restate';
import { measureScale } from './measurements/scale';
import { printTable } from './measurements/print-table';
import { idShapes, type IdShape } from './world/id-sql';

/** In the order in which they run. */
const measurements: Readonly<Record<string, Measurement>> = {
  backfill: measureBackfill,
  'one-day': measureOneDay,
  restate: measureRestate,
  history: measureHistory,
  sync: measureOnline,
  'raw-load': measureRawLoad,
  encode: measureEncode,
  scale: measureScale,
};

/** Only when it is asked for: it takes minutes and gigabytes of disk. */
const LARGE = 'scale';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      users: { type: 'string', default: '50000' },
      days: { type: 'string', default: '365' },
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      'backfill-rounds': { type: 'string', default: '2' },
      'restate-users': { type: 'string', default: '5000' },
      'many-users': { type: 'string', default: '100000' },
      'load-events': { type: 'string', default: '1000000' },
      ids: { type: 'string', default: 'numbered' },
      json: { type: 'boolean', default: false },
    },
  });
  const wanted = chosenMeasurements(values.only);
  const scratch = await mkdtemp(path.join(tmpdir(), 'churn-bench-'));
  const started = performance.now();
  const rows: Row[] = [];
  const options: BenchOptions = {
    users: positive('users', values.users),
    days: positive('days', values.days),
    ids: idShapeOf(values.ids),
    restateUsers: positive('restate-users', values['restate-users']),
    manyUsers: positive('many-users', values['many-users']),
    loadEvents: positive('load-events', values['load-events']),
    rounds: positive('rounds', values.rounds),
    backfillRounds: positive('backfill-rounds', values['backfill-rounds']),
    scratch,
    note: (text) => {
      const seconds = ((performance.now() - started) / 1_000).toFixed(0);
      process.stderr.write(`${seconds.padStart(5)} s  ${text}\n`);
    },
  };
  try {
    for (const name of wanted) rows.push(...(await measured(name, options)));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const seconds = Math.round((performance.now() - started) / 1_000);
  report(rows, { seconds, machine: machine(), isJson: values.json });
  if (rows.some(({ verdict }) => verdict === 'NO')) process.exitCode = 1;
}

function chosenMeasurements(only: string | undefined): string[] {
  const names = only?.split(',') ?? Object.keys(measurements).filter((name) => name !== LARGE);
  const unknown = names.find((name) => !(name in measurements));
  if (unknown === undefined) return names;
  throw new Error(`--only takes ${Object.keys(measurements).join(', ')}; not ${unknown}`);
}

/** A measurement that fails is a row that misses its budget; the others go on. */
async function measured(name: string, options: BenchOptions): Promise<Row[]> {
  try {
    return await measurements[name]!(options);
  } catch (error) {
    const ours = `failed: ${error instanceof Error ? error.message : String(error)}`;
    return [{ what: name, ours, peer: '', ratio: '', budget: '', verdict: 'NO' }];
  }
}

function idShapeOf(text: string): IdShape {
  const shape = idShapes.find((each) => each === text);
  if (shape !== undefined) return shape;
  throw new Error(`--ids takes ${idShapes.join(', ')}; not ${text}`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name} must be a positive integer`);
}

function machine(): string {
  return `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}`;
}

function report(
  rows: readonly Row[],
  { seconds, machine, isJson }: { seconds: number; machine: string; isJson: boolean },
): void {
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ machine, seconds, measurements: rows }, null, 2)}\n`);
    return;
  }
  printTable(rows);
  process.stdout.write(`\n${machine}; ${seconds} s in all\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
