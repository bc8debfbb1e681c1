import request from 'supertest';
import type { ApiPorts, Backfills } from '../../api/ports';
import { ChurnError } from '../../packages/contracts/errors';
import type { BackfillPreview, BackfillRequest } from '../../packages/contracts/runs';
import { createTestApi, fakePorts, progress, type TestApi } from './test-api';

let api: TestApi;

/** A fresh application whose ports are fakes, but for those given. */
async function serve(ports: Partial<ApiPorts> = {}) {
  api = await createTestApi(ports);
  return request(api.server);
}

afterEach(() => api.app.close());

describe('backfills', () => {
  const backfillsPort = (changes: Partial<Backfills>): Partial<ApiPorts> => ({
    backfills: { ...fakePorts().backfills, ...changes },
  });
  const body = { from: '2026-01-01', to: '2026-01-31' };
  const warnings = ['No user had signed up by 2026-01-04.'];

  it('answers 202 and where to look when it started one', async () => {
    const started: BackfillRequest[] = [];
    const http = await serve(
      backfillsPort({
        start: async (wanted) => {
          started.push(wanted);
          return { id: 'bf-1', status: 'running', created: true, warnings: [] };
        },
      }),
    );
    const response = await http.post('/backfill').send(body);
    expect(response.status).toBe(202);
    expect(response.headers.location).toBe('/backfill/bf-1');
    expect(response.body).toEqual({ id: 'bf-1', status: 'running', warnings: [] });
    expect(started).toEqual([{ ...body, reprocess: 'missing', knownAt: 'latest', train: false }]);
  });

  it('passes on every choice, an instant with six digits', async () => {
    const started: BackfillRequest[] = [];
    const http = await serve(
      backfillsPort({
        start: async (wanted) => {
          started.push(wanted);
          return { id: 'bf-1', status: 'running', created: true, warnings: [] };
        },
      }),
    );
    await http
      .post('/backfill')
      .send({
        ...body,
        reprocess: 'missing-and-failed',
        known_at: '2026-02-01T01:00+02:00',
        train: true,
      })
      .expect(202);
    expect(started).toEqual([
      {
        ...body,
        reprocess: 'missing-and-failed',
        knownAt: '2026-01-31T23:00:00.000000Z',
        train: true,
      },
    ]);
  });

  it('answers 200 when it attached to the identical running one', async () => {
    const start = async () =>
      ({ id: 'bf-1', status: 'running', created: false, warnings }) as const;
    const response = await (await serve(backfillsPort({ start }))).post('/backfill').send(body);
    expect(response.status).toBe(200);
    expect(response.body).toEqual({ id: 'bf-1', status: 'running', warnings });
  });

  it('answers 409 when another one overlaps', async () => {
    const start = async (): Promise<never> => {
      throw new ChurnError('BACKFILL_OVERLAP', { running: 'bf-0', ...body });
    };
    const response = await (await serve(backfillsPort({ start }))).post('/backfill').send(body);
    expect(response.status).toBe(409);
    expect(response.body.code).toBe('BACKFILL_OVERLAP');
    expect(response.body.detail).toContain('bf-0');
  });

  it('answers a dry run with the plan and starts nothing', async () => {
    const plan = async (wanted: BackfillRequest): Promise<BackfillPreview> => ({
      id: 'bf-1',
      request: wanted,
      knowledge: {
        kind: 'latest',
        knownAt: '2026-03-01T01:00:00.000000Z',
        batch: 7,
        labelKnownAt: '2026-03-01T01:00:00.000000Z',
        labelBatch: 7,
        completeThrough: null,
      },
      chunks: [{ from: '2026-01-01', to: '2026-01-31', except: ['2026-01-02'] }],
      planned: 30,
      skipped: 1,
      warnings,
    });
    const http = await serve(backfillsPort({ plan }));
    const response = await http.post('/backfill').send({ ...body, dry_run: true });
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      id: 'bf-1',
      status: 'dry-run',
      known_at: '2026-03-01T01:00:00.000000Z',
      planned: 30,
      succeeded: 0,
      skipped: 1,
      failed: [],
      errors: [],
      reason: null,
      chunks: [{ from: '2026-01-01', to: '2026-01-31', except: ['2026-01-02'] }],
      warnings,
    });
  });

  it.each([
    ['from', { ...body, from: '2026-02-30' }],
    ['from', { to: '2026-01-31' }],
    ['to', { ...body, to: '31.01.2026' }],
    ['to', { ...body, to: 20260131 }],
    ['reprocess', { ...body, reprocess: 'completed' }],
    ['known_at', { ...body, known_at: 'yesterday' }],
    ['known_at', { ...body, known_at: '2026-02-30T00:00:00Z' }],
    ['train', { ...body, train: 'yes' }],
    ['dry_run', { ...body, dry_run: 1 }],
    ['reprocess', { ...body, reprocess: null }],
    ['known_at', { ...body, known_at: null }],
    ['train', { ...body, train: null }],
    ['dry_run', { ...body, dry_run: null }],
    ['known_to', { ...body, known_to: 'latest' }],
  ])('names %s in the refusal of %j', async (field, wrong) => {
    const response = await (await serve()).post('/backfill').send(wrong);
    expect(response.status).toBe(400);
    expect(response.body.code).toBe('INVALID_REQUEST');
    expect(response.body.errors.map((error: { field: string }) => error.field)).toEqual([field]);
  });

  it.each([
    ['from', '2026-02-30', /2026-02-30 does not exist: February 2026 has 28 days/],
    ['from', '30.02.2026', /a date is written YYYY-MM-DD/],
    ['known_at', '2026-02-01T25:00Z', /2026-02-01T25:00Z does not exist: hours go from 00 to 23/],
    ['known_at', 'yesterday', /latest, as-served or a moment: .*ISO 8601/],
  ])('says whether %s, %s, is misspelt or impossible', async (field, value, problem) => {
    const response = await (await serve()).post('/backfill').send({ ...body, [field]: value });
    expect(response.body.errors).toEqual([{ field, problem: expect.stringMatching(problem) }]);
  });

  it('refuses a range that ends before it begins', async () => {
    const wrong = { from: '2026-01-31', to: '2026-01-01' };
    const response = await (await serve()).post('/backfill').send(wrong);
    expect(response.status).toBe(400);
    expect(response.body.code).toBe('INVALID_DATE_RANGE');
  });

  const document = {
    id: 'bf-1',
    status: 'running',
    known_at: '2026-03-01T01:00:00.000000Z',
    planned: 31,
    succeeded: 10,
    skipped: 0,
    failed: ['2026-01-07'],
    errors: [{ date: '2026-01-07', error: 'CORRUPT_FILE: The file x is damaged.' }],
    reason: null,
  };

  it('shows how far one is', async () => {
    const http = await serve(backfillsPort({ progress: async () => progress }));
    expect((await http.get('/backfill/bf-1').expect(200)).body).toEqual(document);
  });

  it.each(['pause', 'resume', 'cancel'] as const)(
    'can %s one, with or without an empty JSON body',
    async (action) => {
      const act = jest.fn(async () => ({ ...progress, changed: false }));
      const http = await serve(backfillsPort({ [action]: act }));
      const response = await http.post(`/backfill/bf-1/${action}`).expect(200);
      expect(response.body).toEqual({ ...document, changed: false });
      await http
        .post(`/backfill/bf-1/${action}`)
        .set('content-type', 'application/json')
        .expect(200);
      expect(act.mock.calls).toEqual([['bf-1'], ['bf-1']]);
    },
  );

  it.each([
    ['an unknown one', 'BACKFILL_NOT_FOUND', 404],
    ['Temporal down', 'TEMPORAL_UNAVAILABLE', 503],
  ] as const)('says so with %s', async (_what, code, status) => {
    const fail = async (): Promise<never> => {
      throw new ChurnError(code, { id: 'bf-2' });
    };
    const http = await serve(
      backfillsPort({ progress: fail, pause: fail, resume: fail, cancel: fail }),
    );
    for (const response of [
      await http.get('/backfill/bf-2'),
      await http.post('/backfill/bf-2/pause'),
      await http.post('/backfill/bf-2/resume'),
      await http.post('/backfill/bf-2/cancel'),
    ]) {
      expect([response.status, response.body.code]).toEqual([status, code]);
    }
  });

  it('refuses an id that can not be one', async () => {
    const response = await (await serve()).get('/backfill/a%20b');
    expect([response.status, response.body.code]).toEqual([400, 'INVALID_REQUEST']);
  });
});
