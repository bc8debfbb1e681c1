import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Redis } from 'ioredis';
import { createApp } from '../../../api/create-app';
import { openApiApplication } from '../../../packages/application/api-application';
import { dataPaths } from '../../../packages/config/data-paths';
import { loadConfig } from '../../../packages/config/load-config';
import { claimDirectory } from '../../../packages/local-services/installation/directory-installation';
import { onlineKeys, vectorKey } from '../../../packages/online-store/online-keys';
import { ensureInstallation } from '../../../packages/raw-data/installation';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase } from '../../environment/test-database';
import { createTestRedis } from '../../environment/test-redis';
import { meta, modelOf, NOW, RecordingLog, silentLogger, vectorOf } from '../test-api';
import { askRandomly } from './ask-randomly';
import { isDeep } from '../../environment/depth';
const REQUESTS = isDeep ? 5_000 : 1_000;

describe('the real application', () => {
  it('answers as the document of the API says, whatever it is asked', async () => {
    const scratch = createScratchDirectory();
    const database = await createTestDatabase();
    const { redis, url } = await createTestRedis();
    const { id } = await ensureInstallation(database, { currency: 'USD' });
    await claimDirectory(dataPaths(scratch.path), id);
    await publishUsers(redis, { installationId: id, users: ['u1', 'u000042'] });
    const application = await openApiApplication(
      loadConfig({
        CHURN_DATA_DIR: scratch.path,
        DATABASE_URL: database.url,
        REDIS_URL: url,
        TEMPORAL_ADDRESS: process.env.TEST_TEMPORAL_ADDRESS!,
      }),
    );
    const app = await createApp(
      {
        ...application,
        servingModel: { current: () => modelOf('v001'), refresh: async () => {} },
        predictionLog: new RecordingLog(),
      },
      { allowedHosts: [], staleAfterHours: 48, logger: silentLogger, now: () => NOW },
    );
    try {
      await waitUntilReady(app);
      const answered = await askRandomly(app, { requests: REQUESTS, seed: 20_260_103 });
      expect(answered.all.get(200)).toBeGreaterThan(REQUESTS / 20);
      expect(answered.all.get(409)).toBeGreaterThan(0);
      expect(answered.predict.get(200)).toBeGreaterThan(0);
    } finally {
      await app.close();
      await application.close();
      redis.disconnect();
      await database.drop();
      scratch.remove();
    }
  }, 600_000);
});

/** As a sync publishes them. */
async function publishUsers(
  redis: Redis,
  { installationId, users }: { installationId: string; users: readonly string[] },
): Promise<void> {
  const published = { ...meta, installation_id: installationId };
  await redis.set(onlineKeys.installation, installationId);
  await redis.set(onlineKeys.meta, JSON.stringify(published));
  for (const user of users) await redis.set(vectorKey(user), JSON.stringify(vectorOf(user)));
}

/** The connection to Redis opens in the background; until it has, every prediction is a 503. */
async function waitUntilReady(app: NestFastifyApplication): Promise<void> {
  const end = performance.now() + 5_000;
  for (;;) {
    const { statusCode, body } = await app.inject({
      url: '/health/ready',
      headers: { host: 'localhost' },
    });
    if (statusCode === 200) return;
    if (performance.now() > end) throw new Error(`not ready: ${body}`);
    await nextTurn();
  }
}
