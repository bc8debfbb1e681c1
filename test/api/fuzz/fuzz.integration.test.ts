import { createApp } from '../../../api/create-app';
import { openApiApplication } from '../../../packages/application/api-application';
import { loadConfig } from '../../../packages/config/load-config';
import { vectorKey } from '../../../packages/online-store/online-keys';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase } from '../../environment/test-database';
import { createTestRedis } from '../../environment/test-redis';
import { modelOf, NOW, RecordingLog, silentLogger, vectorOf } from '../test-api';
import { askRandomly } from './ask-randomly';

const isDeep = process.env.CHURN_TEST_DEPTH === 'deep';
const REQUESTS = isDeep ? 5_000 : 1_000;

describe('the real application', () => {
  it('answers as the document of the API says, whatever it is asked', async () => {
    const scratch = createScratchDirectory();
    const database = await createTestDatabase();
    const { redis, url } = await createTestRedis();
    for (const user of ['u1', 'u000042']) {
      await redis.set(vectorKey(user), JSON.stringify(vectorOf(user)));
    }
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
      const answered = await askRandomly(app, { requests: REQUESTS, seed: 20_260_103 });
      expect(answered.get(200)).toBeGreaterThan(REQUESTS / 20);
      expect(answered.get(409)).toBeGreaterThan(0);
    } finally {
      await app.close();
      await application.close();
      redis.disconnect();
      await database.drop();
      scratch.remove();
    }
  }, 600_000);
});
