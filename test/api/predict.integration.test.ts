import { once } from 'node:events';
import type { Redis } from 'ioredis';
import request from 'supertest';
import type { OnlineVector } from '../../packages/contracts/partitions';
import { featureSet } from '../../packages/features/feature-set';
import { onlineKeys, vectorKey } from '../../packages/online-store/online-keys';
import { openRedisForServing } from '../../packages/online-store/open-redis';
import { OnlineReader } from '../../packages/online-store/serving/online-reader';
import { createTestRedis } from '../environment/test-redis';
import {
  createTestApi,
  FEATURE_TIME,
  features,
  meta,
  modelOf,
  RecordingLog,
  stateOf,
  vectorOf,
  type TestApi,
} from './test-api';
import { catalogueMessage } from '../support/catalogue-message';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function onlineFeaturesOf(redis: Redis): OnlineReader {
  const installationId = async () => meta.installation_id;
  return new OnlineReader({ redis, installationId, schema: featureSet });
}

describe('POST /predict over Redis', () => {
  let writer: Redis;
  let reader: Redis;
  let onlineFeatures: OnlineReader;
  let api: TestApi;
  let log: RecordingLog;
  let champion = modelOf('v001', 0.25);

  const put = (userId: string, changes = {}) =>
    writer.set(vectorKey(userId), JSON.stringify(vectorOf(userId, changes)));

  async function publish(): Promise<void> {
    await writer.set(onlineKeys.installation, meta.installation_id);
    await writer.set(onlineKeys.meta, JSON.stringify({ ...meta, users: 1 }));
  }

  beforeAll(async () => {
    const { redis, url } = await createTestRedis();
    writer = redis;
    await publish();
    reader = openRedisForServing(url);
    onlineFeatures = onlineFeaturesOf(reader);
    await once(reader, 'ready');
    log = new RecordingLog();
    api = await createTestApi({
      servingModel: { current: () => champion, refresh: async () => {} },
      onlineFeatures,
      predictionLog: log,
    });
    await put('u1');
  });

  afterAll(async () => {
    await api.app.close();
    onlineFeatures.close();
    reader.disconnect();
    writer.disconnect();
  });

  beforeEach(() => {
    champion = modelOf('v001', 0.25);
    log.appended.length = 0;
  });

  it('answers with the probability, the version, the moment and the features', async () => {
    const response = await request(api.server).post('/predict').send({ user_id: 'u1' }).expect(200);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(response.body).toEqual({
      churn_probability: 0.25,
      model_version: 'v001',
      feature_time: FEATURE_TIME,
      features,
      prediction_id: expect.stringMatching(uuid),
      stale: false,
      eligible: true,
      ineligible_reason: null,
    });
  });

  it('logs all that a replay needs, under the id it answered with', async () => {
    const { body } = await request(api.server).post('/predict').send({ user_id: 'u1' });
    expect(log.appended).toEqual([
      {
        predictionId: body.prediction_id,
        userId: 'u1',
        modelVersion: 'v001',
        featureTime: FEATURE_TIME,
        knownAt: '2026-03-01T01:00:00.000000Z',
        revision: 2,
        features,
        churnProbability: 0.25,
        predictedAtMillis: expect.any(Number),
      },
    ]);
  });

  it('adds contributions when asked to explain', async () => {
    const response = await request(api.server)
      .post('/predict?explain=true')
      .send({ user_id: 'u1' })
      .expect(200);
    expect(response.body.contributions).toHaveLength(6);
    expect(response.body.contributions[1]).toEqual({
      feature: 'sessions_30d',
      value: 12,
      contribution: 0.1,
    });
    expect(response.body.contributions[5].value).toBe(true);
  });

  it('leaves contributions out when told not to explain', async () => {
    const { body } = await request(api.server)
      .post('/predict?explain=false')
      .send({ user_id: 'u1' });
    expect(body).not.toHaveProperty('contributions');
  });

  it.each([
    ['just fresh', '2026-02-27T06:00:00.000000Z', false],
    ['a microsecond too old', '2026-02-27T05:59:59.999999Z', true],
  ])('flags features that are %s', async (_what, featureTime, stale) => {
    await put('aged', { feature_time: featureTime });
    const { body } = await request(api.server).post('/predict').send({ user_id: 'aged' });
    expect(body.stale).toBe(stale);
  });

  const silent = { ...features, sessions_30d: 0 };
  const asBeforeStates = { is_subscribed: undefined, state_hash: undefined };
  const eligibilities: [string, Partial<OnlineVector>, boolean | null, string | null][] = [
    ['subscribed and active', {}, true, null],
    ['dormant', { features: silent }, false, 'dormant'],
    ['gone', stateOf(false), false, 'left'],
    ['gone and silent', { ...stateOf(false), features: silent }, false, 'left'],
    ['synced before there was a state', asBeforeStates, null, null],
    ['dormant and synced before', { ...asBeforeStates, features: silent }, null, null],
    ['of another state', { is_subscribed: false, state_hash: 'another' }, null, null],
  ];

  it.each(eligibilities)(
    'scores a user who is %s, and says whether it is eligible',
    async (_what, changes, eligible, ineligible_reason) => {
      await put('anybody', changes);
      const expected = { churn_probability: 0.25, eligible, ineligible_reason };
      const one = await request(api.server).post('/predict').send({ user_id: 'anybody' });
      expect(one.body).toMatchObject(expected);
      const user_ids = ['anybody'];
      const batch = await request(api.server).post('/predict/batch').send({ user_ids });
      expect(batch.body.results[0].prediction).toMatchObject(expected);
    },
  );

  it('looks at Redis once', async () => {
    const calls = async () => {
      const stats = await writer.info('commandstats');
      return Number(/cmdstat_mget:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    const before = await calls();
    await request(api.server).post('/predict').send({ user_id: 'u1' }).expect(200);
    expect((await calls()) - before).toBe(1);
  });

  it.each(['a', 'é'.repeat(128), '𝒳'.repeat(128), 'with space', '"quoted"', 'ユーザー', '_meta'])(
    'knows user %j',
    async (userId) => {
      await put(userId);
      await request(api.server).post('/predict').send({ user_id: userId }).expect(200);
    },
  );

  it('answers 404 for a user it does not know', async () => {
    const response = await request(api.server)
      .post('/predict')
      .send({ user_id: '_meta_of_nobody' });
    expect(response.status).toBe(404);
    expect(response.body).toMatchObject({ code: 'UNKNOWN_USER', status: 404 });
    expect(log.appended).toEqual([]);
  });

  it('refuses features of another schema than the model', async () => {
    await put('other-schema', { schema_hash: 'x'.repeat(64) });
    const response = await request(api.server).post('/predict').send({ user_id: 'other-schema' });
    expect(response.status).toBe(503);
    expect(response.body.code).toBe('SCHEMA_MISMATCH');
  });

  it('answers the rest of a batch in which one has features of another schema', async () => {
    await put('other-schema', { schema_hash: 'x'.repeat(64) });
    const { body } = await request(api.server)
      .post('/predict/batch')
      .send({ user_ids: ['other-schema', 'u1'] })
      .expect(200);
    expect(body.results).toMatchObject([
      { user_id: 'other-schema', error: { code: 'SCHEMA_MISMATCH' } },
      { user_id: 'u1', prediction: { model_version: 'v001' } },
    ]);
  });

  const text = (changes: object) => JSON.stringify({ ...vectorOf('bad'), ...changes });
  const spending = (total_spend_90d: unknown) => ({ features: { ...features, total_spend_90d } });
  const { is_pro_plan: _, ...incomplete } = features;
  const planted: [string, string, (key: string) => Promise<unknown>][] = [
    ['no JSON', 'CORRUPT_VECTOR', (key) => writer.set(key, '{')],
    ['nothing', 'CORRUPT_VECTOR', (key) => writer.set(key, '')],
    ['no features', 'CORRUPT_VECTOR', (key) => writer.set(key, text({ features: undefined }))],
    ['a changed spend', 'CORRUPT_VECTOR', (key) => writer.set(key, text(spending(9_000)))],
    ['a spend in words', 'CORRUPT_VECTOR', (key) => writer.set(key, text(spending('much')))],
    [
      'a feature too few',
      'CORRUPT_VECTOR',
      (key) => writer.set(key, JSON.stringify(vectorOf('bad', { features: incomplete }))),
    ],
    [
      'the vector of another user',
      'CORRUPT_VECTOR',
      (key) => writer.set(key, JSON.stringify(vectorOf('u1'))),
    ],
    [
      'a vector of the year 9999',
      'CORRUPT_VECTOR',
      (key) => writer.set(key, text({ feature_time: '9999-01-01T00:00:00.000000Z' })),
    ],
    ['a list', 'CORRUPT_ONLINE_KEY', (key) => writer.rpush(key, 'x')],
    ['a hash', 'CORRUPT_ONLINE_KEY', (key) => writer.hset(key, 'no', 'text')],
  ];

  it.each(planted)(
    'answers 503 for a user with %s, and the rest of a batch',
    async (_, code, plant) => {
      await writer.del(vectorKey('bad'));
      await plant(vectorKey('bad'));
      const one = await request(api.server).post('/predict').send({ user_id: 'bad' });
      expect(one.status).toBe(503);
      expect(one.body).toMatchObject({ code, retryable: false });
      const { body } = await request(api.server)
        .post('/predict/batch')
        .send({ user_ids: ['u1', 'bad', 'nobody'] })
        .expect(200);
      expect(body.results).toMatchObject([
        { user_id: 'u1', prediction: { model_version: 'v001' } },
        { user_id: 'bad', error: { code } },
        { user_id: 'nobody', error: { code: 'UNKNOWN_USER' } },
      ]);
      expect(log.appended.map(({ userId }) => userId)).toEqual(['u1']);
    },
  );

  it.each<[string, () => Promise<unknown>]>([
    ['NO_FEATURES', () => writer.del(onlineKeys.meta)],
    ['INSTALLATION_MISMATCH', () => writer.set(onlineKeys.installation, 'another')],
    ['CORRUPT_ONLINE_KEY', () => writer.set(onlineKeys.meta, '{')],
  ])('answers %s to everything, and is not ready, until that is over', async (code, damage) => {
    await damage();
    const ready = await request(api.server).get('/health/ready').expect(503);
    expect(ready.body.code).toBe(code);
    const { body: health } = await request(api.server).get('/health').expect(200);
    expect(health).toMatchObject({ status: 'degraded', parts: { features: { code } } });
    for (const user_id of ['u1', 'nobody']) {
      const { body } = await request(api.server).post('/predict').send({ user_id }).expect(503);
      expect(body.code).toBe(code);
    }
    const user_ids = ['u1'];
    await request(api.server).post('/predict/batch').send({ user_ids }).expect(503);
    await publish();
    await request(api.server).post('/predict').send({ user_id: 'u1' }).expect(200);
    await request(api.server).get('/health/ready').expect(200);
  });

  it('answers from the new model as soon as the champion is swapped', async () => {
    champion = modelOf('v002', 0.75);
    const { body } = await request(api.server).post('/predict').send({ user_id: 'u1' });
    expect(body).toMatchObject({ model_version: 'v002', churn_probability: 0.75 });
  });

  it('answers a whole batch in the order asked, an error only for those it does not know', async () => {
    await put('u2', { features: { ...features, sessions_30d: 0 } });
    const response = await request(api.server)
      .post('/predict/batch')
      .send({ user_ids: ['u2', 'nobody', 'u1', 'u2'] })
      .expect(200);
    const results = response.body.results as Record<string, unknown>[];
    expect(results.map((result) => result.user_id)).toEqual(['u2', 'nobody', 'u1', 'u2']);
    expect(results[0]!.prediction).toEqual({
      churn_probability: 0.25,
      model_version: 'v001',
      feature_time: FEATURE_TIME,
      features: { ...features, sessions_30d: 0 },
      prediction_id: expect.stringMatching(uuid),
      stale: false,
      eligible: false,
      ineligible_reason: 'dormant',
    });
    expect(results[1]).toEqual({
      user_id: 'nobody',
      error: {
        code: 'UNKNOWN_USER',
        detail: expect.stringMatching(catalogueMessage('UNKNOWN_USER', { userId: 'nobody' })),
      },
    });
    expect(log.appended.map(({ userId }) => userId)).toEqual(['u2', 'u1', 'u2']);
  });

  it('takes a batch of 1,000 of the longest ids', async () => {
    const ids = Array.from(
      { length: 1_000 },
      (_, index) => '𝒳'.repeat(124) + `${index}`.padStart(4, '0'),
    );
    const response = await request(api.server).post('/predict/batch').send({ user_ids: ids });
    expect(response.status).toBe(200);
    expect(response.body.results).toHaveLength(1_000);
  });
});

describe('POST /predict without Redis', () => {
  it('answers 503, retryable, and does not hang', async () => {
    const nobodyListens = openRedisForServing('redis://127.0.0.1:1');
    const onlineFeatures = onlineFeaturesOf(nobodyListens);
    const api = await createTestApi({ onlineFeatures });
    for (const [path, body] of [
      ['/predict', { user_id: 'u1' }],
      ['/predict/batch', { user_ids: ['u1'] }],
    ] as const) {
      const response = await request(api.server).post(path).send(body);
      expect(response.status).toBe(503);
      expect(response.body.code).toBe('REDIS_UNAVAILABLE');
      expect(response.headers['retry-after']).toBe('1');
    }
    await api.app.close();
    onlineFeatures.close();
    nobodyListens.disconnect();
  });
});
