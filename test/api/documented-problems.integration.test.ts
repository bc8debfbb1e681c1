import { pino } from 'pino';
import { createApp } from '../../api/create-app';
import { loadConfig } from '../../packages/config/load-config';
import { openApiApplication } from '../../packages/application/api-application';
import { createScratchDirectory } from '../environment/scratch-directory';
import { createTestDatabase } from '../environment/test-database';
import { documentedRequests, type OpenApi } from './open-api-document';
import { modelOf, NOW, RecordingLog } from './test-api';

/**
 * Asks every route of an API over the real application; what it answers with, by route, and what
 * of it the OpenAPI document of that route does not have.
 */
async function askAll(env: Readonly<Record<string, string>>) {
  const scratch = createScratchDirectory();
  const application = await openApiApplication(
    loadConfig({ ...env, CHURN_DATA_DIR: scratch.path }),
  );
  const app = await createApp(
    {
      ...application,
      servingModel: { current: () => modelOf('v001'), refresh: async () => {} },
      predictionLog: new RecordingLog(),
    },
    { allowedHosts: [], staleAfterHours: 48, logger: pino({ level: 'silent' }), now: () => NOW },
  );
  try {
    const document = (await app.inject('/docs/json')).json<OpenApi>();
    const answers: Record<string, string | null> = {};
    const undocumented: string[] = [];
    for (const { operation, codes, ask } of documentedRequests(document)) {
      const code = await ask(app);
      answers[operation] = code;
      if (code !== null && !codes.includes(code)) undocumented.push(`${operation}: ${code}`);
    }
    return { answers, undocumented };
  } finally {
    await app.close();
    await application.close();
    scratch.remove();
  }
}

const nowhere = {
  DATABASE_URL: 'postgres://churn@localhost:1/churn',
  REDIS_URL: 'redis://localhost:1',
  TEMPORAL_ADDRESS: 'localhost:1',
};

describe('the real application behind the API', () => {
  it('raises documented errors while no service can be reached', async () => {
    const { answers, undocumented } = await askAll(nowhere);
    expect(undocumented).toEqual([]);
    expect(answers).toMatchObject({
      'GET /partitions': 'POSTGRES_UNAVAILABLE',
      'GET /backfill/{id}': 'POSTGRES_UNAVAILABLE',
      'POST /predict': 'REDIS_UNAVAILABLE',
    });
    expect(Object.values(answers)).not.toContain('INTERNAL');
  });

  it('raises documented errors over a database without the tables of this release', async () => {
    const database = await createTestDatabase();
    try {
      await database.sql`drop schema ops, raw_data cascade`;
      const { answers, undocumented } = await askAll({
        ...nowhere,
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: process.env.TEST_TEMPORAL_ADDRESS!,
      });
      expect(undocumented).toEqual([]);
      expect(answers).toMatchObject({
        'GET /partitions': 'DATABASE_NOT_MIGRATED',
        'GET /drift': 'DATABASE_NOT_MIGRATED',
        'GET /backfill/{id}': 'DATABASE_NOT_MIGRATED',
        'POST /backfill': 'DATABASE_NOT_MIGRATED',
      });
      expect(Object.values(answers)).not.toContain('INTERNAL');
    } finally {
      await database.drop();
    }
  });
});
