/**
 * /predict against a bare Fastify + ioredis handler that does the same arithmetic, in turns, each
 * server in a process of its own. Prints one table; the budget is a ratio of at least 60 %.
 *
 *   REDIS_URL=… [DATABASE_URL=…] node dist/bench/predict.js [rounds]
 *
 * With DATABASE_URL the API logs its predictions to Postgres, as it does in production.
 */
import 'reflect-metadata';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fastify } from 'fastify';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { createApp } from '../api/create-app';
import type { ApiPorts, PredictionStore, ServingVersion } from '../api/ports';
import { PredictionLog } from '../api/predict/prediction-log';
import { filePredictionSpool } from '../api/predict/prediction-spool';
import { openDatabase } from '../packages/database/open-database';
import { onlineStateHash, type OnlineMeta } from '../packages/contracts/partitions';
import type { FeatureValues } from '../packages/contracts/predictions';
import { featureSet } from '../packages/features/feature-set';
import { onlineKeys, vectorKey } from '../packages/online-store/online-keys';
import { openRedisForServing } from '../packages/online-store/open-redis';
import { OnlineReader } from '../packages/online-store/serving/online-reader';
import { onlineVectorHash } from '../packages/online-store/vector-hash';
import { insertPredictions } from '../packages/application/api-application';

const USERS = 1_000;
const CONNECTIONS = 32;
const WARM_UP_MS = 1_000;
const MEASURE_MS = 3_000;

const WEIGHTS = [-0.4, -0.05, 0.12, 0.6, -0.004, -0.3];
const NAMES = featureSet.features.map(({ name }) => name);
const STATE_HASH = onlineStateHash(featureSet.definitionHashes[featureSet.state.name] ?? '');
const INSTALLATION = 'bench';
const META: OnlineMeta = {
  installation_id: INSTALLATION,
  feature_time: '2026-01-01T00:00:00.000000Z',
  known_at: '2026-01-01T01:00:00.000000Z',
  revision: 1,
  schema_hash: featureSet.schemaHash,
  partition_sha256: '',
  users: USERS,
  published_at: '2026-01-01T01:05:00.000000Z',
};

function probability(features: FeatureValues): number {
  let logit = -0.2;
  for (let index = 0; index < NAMES.length; index += 1) {
    logit += WEIGHTS[index]! * Number(features[NAMES[index]!]);
  }
  return 1 / (1 + Math.exp(-logit));
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}`);
  return value;
}

/** What a server says of itself when it is asked. */
interface ServerReport {
  readonly cpuMicros: number;
  readonly dropped: number;
}

let droppedPredictions = (): number => 0;

function reportWhenAsked(): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send!({
      cpuMicros: user + system,
      dropped: droppedPredictions(),
    } satisfies ServerReport);
  });
}

async function serveBare(): Promise<number> {
  const redis = new Redis(setting('REDIS_URL'), { enableAutoPipelining: true });
  await once(redis, 'ready');
  const server = fastify();
  server.post('/predict', async (request) => {
    const { user_id: userId } = request.body as { user_id: string };
    const vector = JSON.parse((await redis.get(vectorKey(userId)))!);
    return {
      churn_probability: probability(vector.features),
      model_version: 'v001',
      feature_time: vector.feature_time,
      features: vector.features,
    };
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  return (server.server.address() as net.AddressInfo).port;
}

const refuse = () => Promise.reject(new Error('this benchmark asks for predictions only'));

/** The ports behind the other routes, which nobody asks here. */
const notMeasured: Omit<
  ApiPorts,
  'featureSchema' | 'servingModel' | 'onlineFeatures' | 'predictionLog'
> = {
  backfills: {
    start: refuse,
    plan: refuse,
    progress: refuse,
    pause: refuse,
    resume: refuse,
    cancel: refuse,
  },
  partitions: { list: refuse },
  models: { list: refuse, show: refuse, promote: refuse, rollback: refuse },
  atRisk: { list: refuse },
  drift: { read: refuse },
  probes: { redis: refuse, postgres: refuse, temporal: refuse },
};

async function serveApi(): Promise<number> {
  const redis = openRedisForServing(setting('REDIS_URL'));
  await once(redis, 'ready');
  const logger = pino({ level: 'silent' });
  const url = process.env.DATABASE_URL;
  const database = url ? openDatabase(url) : undefined;
  const store: PredictionStore = {
    insertPredictions: async (rows) => {
      if (database) await insertPredictions({ database }, rows);
    },
  };
  const predictionLog = new PredictionLog({
    store,
    spool: filePredictionSpool({
      logsDir: path.join(tmpdir(), 'churn-bench-predict'),
      diskPercent: 100,
      logger,
    }),
    logger,
  });
  predictionLog.start();
  const model: ServingVersion = {
    version: 'v001',
    schemaHash: featureSet.schemaHash,
    metadata: {},
    predict: probability,
    explain: (features) => ({
      probability: probability(features),
      logit: 0,
      intercept: 0,
      contributions: [],
    }),
  };
  const ports: ApiPorts = {
    ...notMeasured,
    featureSchema: featureSet,
    servingModel: { current: () => model, refresh: async () => {} },
    onlineFeatures: new OnlineReader({
      redis,
      installationId: async () => INSTALLATION,
      schema: featureSet,
    }),
    predictionLog,
  };
  const app = await createApp(ports, {
    allowedHosts: [],
    staleAfterHours: 48,
    logger,
    now: () => BigInt(Date.now()) * 1000n,
  });
  await app.listen(0, '127.0.0.1');
  droppedPredictions = () => predictionLog.dropped;
  return (app.getHttpServer().address() as net.AddressInfo).port;
}

interface LoadResult {
  /** Requests answered, those of the warm-up too. */
  readonly answered: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Closed loop over raw keep-alive sockets: a client that costs less than what it measures. */
async function load(port: number): Promise<LoadResult> {
  const latencies: number[] = [];
  let next = 0;
  let answered = 0;
  let isMeasuring = false;
  let isOver = false;
  const request = () => {
    const body = JSON.stringify({ user_id: `bench-${next++ % USERS}` });
    return `POST /predict HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  };
  const sockets = Array.from({ length: CONNECTIONS }, () => {
    const socket = net.connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    let received = '';
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write(request());
    };
    socket.on('connect', send);
    socket.on('data', (chunk: string) => {
      received += chunk;
      const headerEnd = received.indexOf('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(received);
      if (headerEnd < 0 || received.length < headerEnd + 4 + Number(length?.[1])) return;
      if (!received.startsWith('HTTP/1.1 200')) throw new Error(received);
      received = '';
      answered += 1;
      if (isMeasuring) latencies.push(performance.now() - sentAt);
      if (!isOver) send();
    });
    return socket;
  });
  await delay(WARM_UP_MS);
  isMeasuring = true;
  const start = performance.now();
  await delay(MEASURE_MS);
  isOver = true;
  const seconds = (performance.now() - start) / 1000;
  sockets.forEach((socket) => socket.destroy());
  latencies.sort((a, b) => a - b);
  const quantile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? NaN;
  return {
    answered,
    perSecond: latencies.length / seconds,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function seed(): Promise<void> {
  const redis = openRedisForServing(setting('REDIS_URL'));
  await once(redis, 'ready');
  for (let user = 0; user < USERS; user += 1) {
    const values = [user % 5, user % 40, user % 9, user % 3, user / 7, user % 2 === 0];
    const vector = {
      user_id: `bench-${user}`,
      features: Object.fromEntries(NAMES.map((name, index) => [name, values[index]!])),
      feature_time: '2026-01-01T00:00:00.000000Z',
      known_at: '2026-01-01T01:00:00.000000Z',
      revision: 1,
      is_subscribed: user % 20 > 0,
      state_hash: STATE_HASH,
      schema_hash: featureSet.schemaHash,
    };
    const value = { ...vector, vector_hash: onlineVectorHash(vector) };
    await redis.set(vectorKey(vector.user_id), JSON.stringify(value));
  }
  await redis.set(onlineKeys.installation, INSTALLATION);
  await redis.set(onlineKeys.meta, JSON.stringify(META));
  redis.disconnect();
}

async function removeSeed(): Promise<void> {
  const redis = openRedisForServing(setting('REDIS_URL'));
  await once(redis, 'ready');
  await redis.del(Array.from({ length: USERS }, (_, user) => vectorKey(`bench-${user}`)));
  await redis.del(onlineKeys.installation, onlineKeys.meta);
  redis.disconnect();
}

async function startServer(role: string): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(__filename, [role]);
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

async function ask(server: ChildProcess): Promise<ServerReport> {
  server.send('report');
  const [report] = (await once(server, 'message')) as [ServerReport];
  return report;
}

interface ServerLoad extends LoadResult {
  /** Of the server, all threads; unlike requests per second, hardly moved by what else runs. */
  readonly cpuMicros: number;
}

async function measure(server: { child: ChildProcess; port: number }): Promise<ServerLoad> {
  const before = await ask(server.child);
  const client = fork(__filename, ['load', String(server.port)]);
  const [result] = (await once(client, 'message')) as [LoadResult];
  const after = await ask(server.child);
  return { ...result, cpuMicros: (after.cpuMicros - before.cpuMicros) / result.answered };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

async function main(rounds: number): Promise<void> {
  await seed();
  const roles = ['bare', 'api'] as const;
  const servers = { bare: await startServer('bare'), api: await startServer('api') };
  const results = { bare: [] as ServerLoad[], api: [] as ServerLoad[] };
  for (let round = 0; round < rounds; round += 1) {
    for (const role of roles) results[role].push(await measure(servers[role]));
  }
  console.log('server  requests/s   p50 ms   p99 ms   CPU µs/request');
  for (const role of roles) {
    const column = (name: keyof ServerLoad, digits: number, width: number) =>
      median(results[role].map((result) => result[name]))
        .toFixed(digits)
        .padStart(width);
    console.log(
      `${role.padEnd(6)}${column('perSecond', 0, 12)}${column('p50Ms', 2, 9)}${column('p99Ms', 2, 9)}${column('cpuMicros', 1, 17)}`,
    );
  }
  const ratios = (of: (bare: ServerLoad, api: ServerLoad) => number) =>
    median(results.api.map((api, round) => of(results.bare[round]!, api)));
  const throughput = ratios((bare, api) => api.perSecond / bare.perSecond);
  const cpu = ratios((bare, api) => bare.cpuMicros / api.cpuMicros);
  console.log(`of the bare handler: ${percent(throughput)} by requests/s, ${percent(cpu)} by CPU`);
  console.log(`predictions dropped from the log: ${(await ask(servers.api.child)).dropped}`);
  roles.forEach((role) => servers[role].child.kill());
  await removeSeed();
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

async function run(): Promise<void> {
  const [role, argument] = process.argv.slice(2);
  if (role === 'bare' || role === 'api') {
    process.send!(await (role === 'bare' ? serveBare() : serveApi()));
    reportWhenAsked();
  } else if (role === 'load') {
    process.send!(await load(Number(argument)));
    process.exit();
  } else await main(Number(role ?? 5));
}

void run();
