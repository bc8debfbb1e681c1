/**
 * /predict against a bare Fastify + ioredis handler that does the same arithmetic, and against
 * FastAPI + scikit-learn where Python has them, in turns, each server in a process of its own. The
 * bare handler runs with the flags of Node that the API is started with. Prints two tables.
 *
 *   REDIS_URL=… [DATABASE_URL=…] node dist/bench/predict.js [--rounds 5] [--no-python]
 *     [--other-flags='--max-semi-space-size=16'] [--per-second 5000]
 *   … --soak [--soak-seconds 600]
 *
 * With DATABASE_URL the API logs its predictions to Postgres, as it does in production. With
 * --other-flags a second API takes its turns, started with those flags of Node. Then the bare handler
 * and the API are asked at an even rate, --per-second; a latency counts from the moment at which its
 * request was due. With --soak, which needs DATABASE_URL, the API alone is asked instead, for long.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { apiNodeFlags } from '../packages/local-services/services/api-node-flags';
import { findServingPython } from './peers/python';
import { publishVectors, removeVectors } from './serving/bench-vectors';
import { measureServer, type ServerLoad } from './serving/measure-server';
import type { OpenLoopOptions } from './serving/open-loop';
import { soak } from './serving/soak';
import { startFastApi, startNodeServer, type RunningServer } from './serving/start-server';

interface MeasuredServer {
  readonly name: string;
  readonly server: RunningServer;
  readonly results: ServerLoad[];
  /** At an even rate; of the bare handler and the API. */
  readonly evenly: ServerLoad[];
}

interface Options {
  readonly redisUrl: string;
  readonly databaseUrl: string | undefined;
  readonly otherFlags: readonly string[] | undefined;
  readonly python: string | null;
}

async function startServers({ otherFlags, python, ...urls }: Options): Promise<MeasuredServer[]> {
  const flags = apiNodeFlags();
  const api = (apiFlags: readonly string[]) =>
    startNodeServer({ role: 'api', ...urls, flags: apiFlags });
  const servers: [string, RunningServer][] = [
    ['bare', await startNodeServer({ role: 'bare', ...urls, flags })],
    ['api', await api(flags)],
  ];
  if (otherFlags) servers.push(['api, other flags', await api(otherFlags)]);
  if (python) servers.push(['FastAPI', await startFastApi(python, urls.redisUrl)]);
  return servers.map(([name, server]) => ({ name, server, results: [], evenly: [] }));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function printResults(measured: readonly (readonly [name: string, ServerLoad[]])[]): void {
  console.log('server            requests/s   p50 ms   p99 ms   CPU µs/request');
  for (const [name, results] of measured) {
    const column = (of: keyof ServerLoad, digits: number, width: number) =>
      median(results.map((result) => result[of]))
        .toFixed(digits)
        .padStart(width);
    const latencies = `${column('p50Ms', 2, 9)}${column('p99Ms', 2, 9)}`;
    console.log(
      `${name.padEnd(18)}${column('perSecond', 0, 10)}${latencies}${column('cpuMicros', 1, 17)}`,
    );
  }
}

/** Of each round by itself, then their median: neighbours in time met the same machine. */
function printComparison([bare, ...others]: readonly MeasuredServer[]): void {
  for (const { name, results } of others) {
    const ratio = (of: (bare: ServerLoad, other: ServerLoad) => number) =>
      median(results.map((result, round) => of(bare!.results[round]!, result)));
    const throughput = ratio((one, other) => other.perSecond / one.perSecond);
    const cpu = ratio((one, other) => one.cpuMicros / other.cpuMicros);
    console.log(
      `${name}: ${percent(throughput)} of the bare handler by requests/s, ${percent(cpu)} by CPU`,
    );
  }
}

function printEvenly([bare, api]: readonly MeasuredServer[], { perSecond }: OpenLoopOptions): void {
  console.log(`\nevenly, ${perSecond} a second:`);
  printResults([bare!, api!].map(({ name, evenly }) => [name, evenly]));
  const ratios = api!.evenly.map(({ p99Ms }, round) => p99Ms / bare!.evenly[round]!.p99Ms);
  console.log(`api: p99 is ${median(ratios).toFixed(2)} times that of the bare handler`);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

async function compare(measured: readonly MeasuredServer[], { rounds, evenly }: Turns) {
  for (let round = 0; round < rounds; round += 1) {
    for (const { server, results } of measured) results.push(await measureServer(server));
  }
  printResults(measured.map(({ name, results }) => [name, results]));
  printComparison(measured);
  const [bare, api] = measured;
  for (let round = 0; round < rounds; round += 1) {
    for (const one of [bare!, api!]) one.evenly.push(await measureServer(one.server, evenly));
  }
  printEvenly(measured, evenly);
  const { dropped } = await api!.server.use();
  console.log(`predictions dropped from the log: ${dropped}`);
}

interface Turns {
  readonly rounds: number;
  readonly evenly: OpenLoopOptions;
}

async function withServers(
  options: Options,
  work: (measured: readonly MeasuredServer[]) => Promise<void>,
): Promise<void> {
  await publishVectors(options.redisUrl);
  const measured = await startServers(options);
  try {
    for (const { name, server } of measured) {
      // Nothing that it opens may make predictions dearer.
      if (name.startsWith('api')) await fetch(`http://127.0.0.1:${server.port}/health`);
    }
    await work(measured);
  } finally {
    for (const { server } of measured) server.stop();
    await removeVectors(options.redisUrl);
  }
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      'no-python': { type: 'boolean', default: false },
      'other-flags': { type: 'string' },
      'per-second': { type: 'string', default: '5000' },
      soak: { type: 'boolean', default: false },
      'soak-seconds': { type: 'string', default: '600' },
    },
  });
  const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl } = process.env;
  if (!redisUrl) throw new Error('set REDIS_URL');
  if (values.soak) {
    if (!databaseUrl) throw new Error('set DATABASE_URL');
    const seconds = Number(values['soak-seconds']);
    await withServers({ redisUrl, databaseUrl, otherFlags: undefined, python: null }, (measured) =>
      soak(measured[1]!.server, { seconds, databaseUrl }),
    );
    return;
  }
  const scratch = await mkdtemp(path.join(tmpdir(), 'churn-bench-'));
  try {
    const python = values['no-python'] ? null : await findServingPython({ scratch, note });
    if (!python) note('FastAPI is left out: no Python has it');
    const otherFlags = values['other-flags']?.split(' ').filter(Boolean);
    const evenly = { perSecond: Number(values['per-second']), seconds: 5 };
    await withServers({ redisUrl, databaseUrl, otherFlags, python }, (measured) =>
      compare(measured, { rounds: Number(values.rounds), evenly }),
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
