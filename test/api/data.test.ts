import { Gauge, Registry } from 'prom-client';
import request from 'supertest';
import type { ApiPorts } from '../../api/ports';
import { ChurnError } from '../../packages/contracts/errors';
import type { PartitionRow } from '../../packages/contracts/partitions';
import { createTestApi, fakePorts, modelOf, type TestApi } from './test-api';

let api: TestApi;

/** A fresh application whose ports are fakes, but for those given. */
async function serve(ports: Partial<ApiPorts> = {}) {
  api = await createTestApi(ports);
  return request(api.server);
}

afterEach(() => api.app.close());

describe('GET /partitions', () => {
  const row: PartitionRow = {
    date: '2026-01-01',
    status: 'succeeded',
    revision: 1,
    knowledge: 'latest',
    known_at: '2026-03-01T01:00:00.000000Z',
    label_known_at: '2026-03-01T01:00:00.000000Z',
    batch: 7,
    rows: 2,
    sha256: 's'.repeat(64),
    content_hash: 'c'.repeat(64),
    reason: 'backfill',
    attempt: 1,
    error: null,
  };

  it('lists the days of a range', async () => {
    const list = jest.fn(async () => [row]);
    const http = await serve({ partitions: { list } });
    const response = await http.get('/partitions?from=2026-01-01&to=2026-01-01').expect(200);
    expect(response.body).toEqual({ partitions: [row] });
    expect(list).toHaveBeenCalledWith({ from: '2026-01-01', to: '2026-01-01' });
  });

  it('lists all without a range', async () => {
    const list = jest.fn(async () => []);
    await (await serve({ partitions: { list } })).get('/partitions').expect(200);
    expect(list).toHaveBeenCalledWith({ from: undefined, to: undefined });
  });

  it.each([
    ['from=2026-13-01', 'INVALID_REQUEST'],
    ['from=2026-01-02&to=2026-01-01', 'INVALID_DATE_RANGE'],
    ['since=2026-01-01', 'INVALID_REQUEST'],
    ['from=2026-01-01&from=2026-01-02', 'INVALID_REQUEST'],
  ])('refuses ?%s', async (query, code) => {
    const response = await (await serve()).get(`/partitions?${query}`);
    expect([response.status, response.body.code]).toEqual([400, code]);
  });

  it('answers 503 when Postgres is down', async () => {
    const list = async (): Promise<never> => {
      throw new ChurnError('POSTGRES_UNAVAILABLE');
    };
    const response = await (await serve({ partitions: { list } })).get('/partitions');
    expect([response.status, response.body.code]).toEqual([503, 'POSTGRES_UNAVAILABLE']);
  });
});

describe('GET /drift', () => {
  it('passes on the day that was asked for, or none', async () => {
    const read = jest.fn(async (date: string | undefined) => ({ date: date ?? '2026-03-01' }));
    const http = await serve({ drift: { read } });
    expect((await http.get('/drift?date=2026-02-01')).body).toEqual({ date: '2026-02-01' });
    expect((await http.get('/drift')).body).toEqual({ date: '2026-03-01' });
  });

  it.each([
    ['?date=2026-02-01', 404, 'DRIFT_NOT_FOUND'],
    ['', 404, 'DRIFT_NOT_FOUND'],
    ['?date=today', 400, 'INVALID_REQUEST'],
  ])('answers %j with %i %s when there is none', async (query, status, code) => {
    const response = await (await serve()).get(`/drift${query}`);
    expect([response.status, response.body.code]).toEqual([status, code]);
  });
});

describe('GET /metrics', () => {
  it('counts requests by route and status, predictions by version, and the log', async () => {
    const http = await serve();
    // Nothing is served yet, and 0 would be fresh.
    expect((await http.get('/metrics')).text).not.toMatch(/^churn_feature_age_seconds /m);
    await http.post('/predict').send({ user_id: 'u1' });
    await http.post('/predict').send({ user_id: 'nobody' });
    await http.post('/predict/batch').send({ user_ids: ['u1', 'u1', 'nobody'] });
    const response = await http.get('/metrics').expect(200);
    expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = response.text;
    const count = 'churn_http_request_duration_seconds_count';
    expect(text).toContain(`${count}{method="POST",route="/predict",status="200"} 1`);
    expect(text).toContain(`${count}{method="POST",route="/predict",status="404"} 1`);
    expect(text).toContain('churn_predictions_total{model_version="v001"} 3');
    expect(text).toContain('churn_prediction_log_pending 3');
    expect(text).toContain('churn_prediction_log_dropped_total 0');
    expect(text).toContain('churn_feature_age_seconds 21600');
    expect(text).toContain('churn_online_features_up 1');
    expect(text).toContain('churn_online_features_age_seconds 21600');
    expect(text).toContain('churn_serving_model_info{model_version="v001"} 1');
    expect(text).toContain('churn_api_processes 1');
    expect(text).not.toContain('churn_api_nodejs');
  });

  it('measures the stages of one prediction of sixteen, the first one among them', async () => {
    const http = await serve();
    const countOf = async (stage: string) => {
      const { text } = await http.get('/metrics');
      const sample = `churn_predict_stage_seconds_count{stage="${stage}"} `;
      return Number(text.split(sample)[1]?.split('\n')[0]);
    };
    await http.post('/predict').send({ user_id: 'u1' });
    expect([await countOf('features'), await countOf('score')]).toEqual([1, 1]);
    for (let sent = 1; sent < 16; sent += 1) await http.post('/predict').send({ user_id: 'u1' });
    expect([await countOf('features'), await countOf('score')]).toEqual([1, 1]);
    await http.post('/predict').send({ user_id: 'nobody' });
    expect([await countOf('features'), await countOf('score')]).toEqual([2, 1]);
  });

  it.each([
    ['Redis does not answer', () => Promise.reject(new ChurnError('REDIS_UNAVAILABLE'))],
    ['nothing is published', async () => null],
  ])('has no features and no age of them while %s', async (_what, read) => {
    const { onlineFeatures } = fakePorts();
    api = await createTestApi({ onlineFeatures: { ...onlineFeatures, meta: read } });
    const { text } = await request(api.server).get('/metrics').expect(200);
    expect(text).toContain('churn_online_features_up 0');
    expect(text).toContain('churn_online_features_age_seconds Nan');
  });

  it('shows metrics of the process behind those of the API', async () => {
    const processMetrics = new Registry();
    new Gauge({ name: 'process_gauge', help: 'A gauge.', registers: [processMetrics] }).set(7);
    api = await createTestApi({}, { processMetrics });
    const { text } = await request(api.server).get('/metrics').expect(200);
    expect(text).toMatch(/^churn_prediction_log_pending 0$[\s\S]*^process_gauge 7$/m);
  });
});

describe('GET /', () => {
  it('is a page with the state and links, and a policy that lets no script in', async () => {
    const response = await (await serve()).get('/').expect(200);
    expect(response.headers['content-type']).toMatch(/^text\/html/);
    expect(response.headers['content-security-policy']).toContain("default-src 'self'");
    expect(response.text).toContain('<a href="/docs">');
    expect(response.text).toContain('Status: <strong>ok</strong>');
  });

  it('shows values as text, never as markup', async () => {
    const http = await serve({
      servingModel: { current: () => modelOf('<img src=x>'), refresh: async () => {} },
    });
    const { text } = await http.get('/');
    expect(text).toContain('&lt;img src=x&gt;');
    expect(text).not.toContain('<img');
  });
});
