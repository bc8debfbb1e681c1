import 'reflect-metadata';
import { insertPredictions } from '../../../packages/application/api-application';
import { openDatabase } from '../../../packages/database/open-database';
import { startApi } from '../../../api/start-api';
import { fakePorts, modelOf, NOW, silentLogger, vectorOf } from '../test-api';

/**
 * The API as a process of its own, which logs its predictions to a real database; every user has
 * features. Says its address on stdout once it serves.
 */
const [databaseUrl = '', logsDir = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  const database = openDatabase(databaseUrl, { maxConnections: 2 });
  const { servingModel: _model, predictionLog: _log, onlineFeatures, ...ports } = fakePorts();
  const application = {
    ...ports,
    onlineFeatures: {
      ...onlineFeatures,
      read: async (userId: string) => vectorOf(userId),
      readMany: async (userIds: readonly string[]) => userIds.map((userId) => vectorOf(userId)),
    },
    championRegistry: {
      champion: async () => ({ version: 'v001', event: 1 }),
      publish: async () => {},
      load: async (version: string) => modelOf(version),
    },
    predictionStore: {
      insertPredictions: (rows: Parameters<typeof insertPredictions>[1]) =>
        insertPredictions({ database }, rows),
    },
    close: () => database.close(),
  };
  const { url } = await startApi(application, {
    host: '127.0.0.1',
    allowedHosts: [],
    port: 0,
    logsDir,
    spoolDiskPercent: 100,
    staleAfterHours: 48,
    logger: silentLogger,
    now: () => NOW,
  });
  process.stdout.write(`${url}\n`);
}

void main();
