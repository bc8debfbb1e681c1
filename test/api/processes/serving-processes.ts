import 'reflect-metadata';
import cluster from 'node:cluster';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { shareOf } from '../../../api/http/connection-limits';
import { ParentProcess } from '../../../api/processes/parent-process';
import { runProcesses } from '../../../api/processes/run-processes';
import { startApi } from '../../../api/start-api';
import { createApiLog } from '../../../api/api-log';
import { ChurnError } from '../../../packages/contracts/errors';
import type { LoggedPrediction } from '../../../packages/contracts/predictions';
import { fakePorts, modelOf, NOW, silentLogger, vectorOf } from '../test-api';

/**
 * The API as two processes over ports in memory. The folder stands for what they share: a file names
 * the champion, and others, where they are there, that the database is away, that no process can
 * start, and that predictions are logged at the end only.
 */
const folder = process.argv[2]!;
const championFile = path.join(folder, 'champion');
const has = (name: string) => existsSync(path.join(folder, name));

async function serve(parent: ParentProcess): Promise<void> {
  if (has('broken')) throw new Error('nothing starts here');
  const { servingModel: _model, predictionLog: _log, onlineFeatures, ...ports } = fakePorts();
  const application = {
    ...ports,
    onlineFeatures: {
      ...onlineFeatures,
      read: async (userId: string) => vectorOf(userId),
    },
    drift: { read: async () => ({ pid: process.pid }) },
    models: {
      ...ports.models,
      promote: async (version: string) => {
        writeFileSync(championFile, version);
        return { champion: version, challenger: null, previous: null, changed: true };
      },
    },
    championRegistry: {
      champion: async () => ({ version: readFileSync(championFile, 'utf8'), event: 1 }),
      publish: async () => {},
      load: async (version: string) => modelOf(version),
    },
    predictionStore: {
      insertPredictions: async (rows: readonly LoggedPrediction[]) => {
        if (has('database-away')) throw new ChurnError('POSTGRES_UNAVAILABLE');
        const ids = rows.map(({ predictionId }) => `${predictionId}\n`);
        appendFileSync(path.join(folder, 'logged'), ids.join(''));
      },
    },
    close: async () => {},
  };
  await startApi(application, {
    host: '127.0.0.1',
    allowedHosts: [],
    port: Number(process.env.CHURN_API_PORT),
    logsDir: folder,
    spoolDiskPercent: 100,
    staleAfterHours: 48,
    logger: silentLogger,
    now: () => NOW,
    predictionLog: { intervalMs: has('logs-at-its-end') ? 3_600_000 : 20 },
    connectionLimits: shareOf(1_000),
    joinProcesses: parent.join,
    beforeListen: () => parent.turnToListen(),
  });
  parent.tell({ kind: 'serving' });
  createApiLog('info').info({ pid: process.pid }, 'serving');
}

async function main(): Promise<void> {
  if (cluster.isPrimary) {
    await runProcesses({
      processes: 2,
      port: Number(process.argv[3]),
      logger: createApiLog('info'),
      lookEveryMs: 100,
    });
    return;
  }
  const parent = ParentProcess.find()!;
  await serve(parent).catch((error: unknown) => {
    parent.tell({ kind: 'start-failed', problem: messageOf(error) }, () => process.exit(1));
  });
}

void main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
