import request from 'supertest';
import type { ApiPorts } from '../../api/ports';
import type { ApiProcesses, ServingProcess } from '../../api/processes/api-processes';
import { ChurnError, type ErrorCode } from '../../packages/contracts/errors';
import {
  createTestApi,
  FEATURE_TIME,
  fakePorts,
  meta,
  RecordingLog,
  type TestApi,
} from './test-api';

let api: TestApi;

/** A fresh application whose ports are fakes, but for those given. */
async function serve(ports: Partial<ApiPorts> = {}) {
  api = await createTestApi(ports);
  return request(api.server);
}

afterEach(() => api.app.close());

describe('GET /health', () => {
  it('says ok when every part is', async () => {
    const response = await (await serve()).get('/health').expect(200);
    expect(response.body).toEqual({
      status: 'ok',
      parts: {
        redis: { status: 'up' },
        postgres: { status: 'up' },
        temporal: { status: 'up' },
        model: { status: 'serving', version: 'v001' },
        features: {
          status: 'fresh',
          feature_time: FEATURE_TIME,
          age_seconds: 21_600,
          revision: 2,
          users: 2,
          published_at: meta.published_at,
        },
        prediction_log: {
          status: 'logging',
          pending: 0,
          spooled: 0,
          dropped: 0,
          spool: { status: 'up' },
        },
        api: { status: 'up', processes: 1, serving: 1, restarts: 0 },
      },
    });
  });

  it('says that one of several processes does not serve, and that this is not ok', async () => {
    const joinProcesses = (own: ServingProcess): ApiProcesses => ({
      health: async () => ({ ...(await own.health()), processes: 2, restarts: 5 }),
      metrics: () => own.metrics(),
      refreshModel: () => own.refreshModel(),
    });
    api = await createTestApi({}, { joinProcesses });
    const { body } = await request(api.server).get('/health').expect(200);
    expect(body).toMatchObject({
      status: 'degraded',
      parts: { api: { status: 'degraded', processes: 2, serving: 1, restarts: 5 } },
    });
  });

  it('says that predictions can not be written to files, and that this is not ok', async () => {
    const predictionLog = new RecordingLog();
    predictionLog.status = 'buffering';
    predictionLog.dropped = 3;
    predictionLog.spoolProblem = new ChurnError('STORAGE_UNAVAILABLE', {
      problem: 'it is on a read-only file system',
    });
    const { body } = await (await serve({ predictionLog })).get('/health').expect(200);
    expect(body).toMatchObject({
      status: 'degraded',
      parts: {
        prediction_log: {
          status: 'buffering',
          dropped: 3,
          spool: { status: 'down', code: 'STORAGE_UNAVAILABLE' },
        },
      },
    });
  });

  const down = async (): Promise<never> => {
    throw new ChurnError('POSTGRES_UNAVAILABLE');
  };
  const refused = () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:5432'));
  const never = () => new Promise<never>(() => {});
  const { probes, onlineFeatures, servingModel } = fakePorts();
  const unusable = ['INSTALLATION_MISMATCH', 'CORRUPT_ONLINE_KEY', 'REDIS_CLUSTER'] as const;
  const failing = (code: ErrorCode) => async (): Promise<never> => {
    throw new ChurnError(code);
  };
  const otherSchema = { ...meta, schema_hash: 'x' };

  it.each<[string, Partial<ApiPorts>, object]>([
    [
      'a service is down',
      { probes: { ...probes, postgres: down } },
      { postgres: { status: 'down', code: 'POSTGRES_UNAVAILABLE' } },
    ],
    [
      'a service does not answer',
      { probes: { ...probes, temporal: never } },
      { temporal: { status: 'down', code: 'TEMPORAL_UNAVAILABLE' } },
    ],
    [
      'a driver says in its own words that a service is down',
      { probes: { ...probes, postgres: refused, redis: refused, temporal: refused } },
      {
        postgres: { status: 'down', code: 'POSTGRES_UNAVAILABLE' },
        redis: { status: 'down', code: 'REDIS_UNAVAILABLE' },
        temporal: { status: 'down', code: 'TEMPORAL_UNAVAILABLE' },
      },
    ],
    [
      'no model serves',
      { servingModel: { current: () => null, refresh: async () => {} } },
      { model: { status: 'none', version: null } },
    ],
    [
      'the champion is damaged, and nothing serves in its place',
      {
        servingModel: {
          current: () => null,
          problem: new ChurnError('CORRUPT_MODEL'),
          refresh: async () => {},
        },
      },
      { model: { status: 'none', version: null, code: 'CORRUPT_MODEL' } },
    ],
    [
      'an earlier version serves in the place of a damaged champion',
      { servingModel: { ...servingModel, problem: new ChurnError('CORRUPT_MODEL') } },
      { model: { status: 'serving', version: 'v001', code: 'CORRUPT_MODEL' } },
    ],
    [
      'nothing is published',
      { onlineFeatures: { ...onlineFeatures, meta: async () => null } },
      { features: { status: 'none', code: 'NO_FEATURES' } },
    ],
    [
      'the data is old, however new the job',
      {
        onlineFeatures: {
          ...onlineFeatures,
          meta: async () => ({ ...meta, feature_time: '2026-02-20T00:00:00.000000Z' }),
        },
      },
      { features: { status: 'stale', age_seconds: 9 * 86_400 + 21_600 } },
    ],
    [
      'the age of the data is unknown',
      { onlineFeatures: { ...onlineFeatures, meta: never } },
      { features: { status: 'unknown', code: 'REDIS_UNAVAILABLE' } },
    ],
    ...unusable.map((code): [string, Partial<ApiPorts>, object] => [
      `the features can't be used: ${code}`,
      { onlineFeatures: { ...onlineFeatures, meta: failing(code) } },
      { features: { status: 'unusable', code } },
    ]),
    [
      'the features are of another schema than the model',
      { onlineFeatures: { ...onlineFeatures, meta: async () => otherSchema } },
      { features: { status: 'unusable', code: 'SCHEMA_MISMATCH' } },
    ],
  ])('stays 200 and says degraded when %s', async (_what, ports, parts) => {
    const response = await (await serve(ports)).get('/health').expect(200);
    expect(response.body).toMatchObject({ status: 'degraded', parts });
  });

  it('is alive whatever else is down', async () => {
    const http = await serve({ probes: { redis: down, postgres: down, temporal: down } });
    const response = await http.get('/health/live').expect(200);
    expect(response.body).toEqual({ status: 'ok' });
  });

  it('is ready with Postgres and Temporal down', async () => {
    const http = await serve({ probes: { ...probes, postgres: down, temporal: down } });
    await http.get('/health/ready').expect(200, { status: 'ok' });
  });

  it.each<[string, Partial<ApiPorts>]>([
    ['NO_MODEL', { servingModel: { current: () => null, refresh: async () => {} } }],
    ['REDIS_UNAVAILABLE', { probes: { ...probes, redis: refused } }],
    ['REDIS_REFUSES_COMMANDS', { probes: { ...probes, redis: failing('REDIS_REFUSES_COMMANDS') } }],
    ['NO_FEATURES', { onlineFeatures: { ...onlineFeatures, meta: async () => null } }],
    ...unusable.map((code): [string, Partial<ApiPorts>] => [
      code,
      { onlineFeatures: { ...onlineFeatures, meta: failing(code) } },
    ]),
    ['SCHEMA_MISMATCH', { onlineFeatures: { ...onlineFeatures, meta: async () => otherSchema } }],
  ])('is not ready: %s', async (code, ports) => {
    const response = await (await serve(ports)).get('/health/ready');
    expect(response.status).toBe(503);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.body.code).toBe(code);
  });
});
