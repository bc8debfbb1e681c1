import request from 'supertest';
import { InvalidRequestError, problemDetailsOf } from '../../api/http/problem-details';
import { ChurnError, errorCatalogue, type ErrorCode } from '../../packages/contracts/errors';
import { createTestApi, fakePorts, recordingLogger, type TestApi } from './test-api';
import { catalogueMessage } from '../support/catalogue-message';

function expectProblem(response: request.Response, code: ErrorCode, instance: string): void {
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(response.status).toBe(errorCatalogue[code].httpStatus);
  expect(response.body).toMatchObject({
    type: `urn:churn:problem:${code}`,
    title: expect.stringMatching(/^[A-Z][a-z ]+$/),
    status: errorCatalogue[code].httpStatus,
    detail: expect.any(String),
    code,
    retryable: errorCatalogue[code].retryable,
    instance,
  });
}

describe('problem details', () => {
  it.each(Object.keys(errorCatalogue) as ErrorCode[])('describe %s', (code) => {
    expect(problemDetailsOf(new ChurnError(code), '/somewhere')).toEqual({
      type: `urn:churn:problem:${code}`,
      title: expect.stringMatching(/^[A-Z][a-z ]+$/),
      status: errorCatalogue[code].httpStatus,
      detail: expect.any(String),
      code,
      retryable: errorCatalogue[code].retryable,
      instance: '/somewhere',
    });
  });

  it('name every field that is wrong', () => {
    const fields = [
      { field: 'from', problem: 'is missing' },
      { field: 'to', problem: 'is not a day' },
    ];
    const problem = problemDetailsOf(new InvalidRequestError(fields), '/backfill');
    expect(problem.errors).toEqual(fields);
    expect(problem.detail).toMatch(
      catalogueMessage('INVALID_REQUEST', { problem: 'from is missing; to is not a day' }),
    );
  });
});

describe('a bad request', () => {
  let api: TestApi;
  const json = { 'content-type': 'application/json' };

  beforeAll(async () => {
    api = await createTestApi();
  });
  afterAll(() => api.app.close());

  it.each<[string, unknown, string[]]>([
    ['no user_id', {}, ['user_id']],
    ['an empty user_id', { user_id: '' }, ['user_id']],
    ['a user_id of 129 characters', { user_id: 'u'.repeat(129) }, ['user_id']],
    ['a number', { user_id: 42 }, ['user_id']],
    ['null', { user_id: null }, ['user_id']],
    ['a list', { user_id: ['u1'] }, ['user_id']],
    ['an object', { user_id: { $ne: null } }, ['user_id']],
    ['a line break', { user_id: 'u1\nu2' }, ['user_id']],
    ['a NUL', { user_id: 'u\u00001' }, ['user_id']],
    ['a lone surrogate', { user_id: '\ud800' }, ['user_id']],
    ['an unknown field', { user_id: 'u1', at: 'now' }, ['at']],
    ['a field named as what every object has', { user_id: 'u1', toString: 'x' }, ['toString']],
    ['two such fields', { user_id: 'u1', constructor: 1, valueOf: 2 }, ['constructor', 'valueOf']],
    ['two wrong fields', { user_id: 7, at: 'now' }, ['at', 'user_id']],
    ['a list as body', ['u1'], ['body']],
  ])('to /predict with %s names the field', async (_what, body, fields) => {
    const response = await request(api.server)
      .post('/predict')
      .send(body as object);
    expectProblem(response, 'INVALID_REQUEST', '/predict');
    const named = response.body.errors.map((error: { field: string }) => error.field);
    expect(named.sort()).toEqual(fields);
  });

  const notAList = 'must be a list of 1 to 1000 user ids';

  it.each<[string, unknown, string]>([
    ['nobody', { user_ids: [] }, notAList],
    ['too many', { user_ids: Array.from({ length: 1001 }, () => 'u1') }, notAList],
    [
      'one bad id',
      { user_ids: ['u1', '\t'] },
      'has a wrong id at index 1: it must be 1 to 128 printable characters',
    ],
    ['a text', { user_ids: 'u1' }, notAList],
    ['nothing', {}, notAList],
  ])('to /predict/batch with %s says once what is wrong', async (_what, body, problem) => {
    const response = await request(api.server)
      .post('/predict/batch')
      .send(body as object);
    expectProblem(response, 'INVALID_REQUEST', '/predict/batch');
    expect(response.body.errors).toEqual([{ field: 'user_ids', problem }]);
  });

  it('with an unknown field says so in a sentence', async () => {
    const response = await request(api.server).post('/predict').send({ user_id: 'u1', y: 1 });
    expect(response.body.errors).toEqual([{ field: 'y', problem: 'is not a known field' }]);
    expect(response.body.detail).toMatch(/: y is not a known field\.$/);
  });

  it('with an unknown parameter is refused, also if every object has such a member', async () => {
    for (const name of ['y', 'toString', '__proto__']) {
      const response = await request(api.server).get(`/partitions?${name}=1`);
      expectProblem(response, 'INVALID_REQUEST', '/partitions');
      expect(response.body.errors).toEqual([{ field: name, problem: 'is not a known field' }]);
    }
  });

  it.each(['/predict', '/predict/batch', '/backfill', '/models/rollback'])(
    'to %s without a body is refused',
    async (path) => {
      expectProblem(await request(api.server).post(path), 'INVALID_REQUEST', path);
      const empty = request(api.server).post(path).set('content-type', 'application/json');
      expectProblem(await empty, 'INVALID_REQUEST', path);
    },
  );

  it.each(['{"user_id":', 'null', '"u1"', '7', 'user_id=u1', '{"__proto__":{"user_id":"u1"}}'])(
    'with the body %s is refused',
    async (body) => {
      const response = await request(api.server)
        .post('/predict')
        .set('content-type', 'application/json')
        .send(body);
      expectProblem(response, 'INVALID_REQUEST', '/predict');
    },
  );

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])(
    'with a body of type %s is refused',
    async (type) => {
      const response = await request(api.server)
        .post('/predict')
        .set('content-type', type)
        .send('user_id=u1');
      expectProblem(response, 'INVALID_REQUEST', '/predict');
      expect(response.body.errors[0].field).toBe('content-type');
    },
  );

  it.each(['maybe', '', '1', 'true&explain=false'])('with explain=%s is refused', async (value) => {
    const response = await request(api.server)
      .post(`/predict?explain=${value}`)
      .send({ user_id: 'u1' });
    expectProblem(response, 'INVALID_REQUEST', '/predict');
    expect(response.body.errors[0].field).toBe('explain');
  });

  it.each([
    ['/predict', 64 * 1024],
    ['/backfill', 64 * 1024],
    ['/predict/batch', 1024 * 1024],
  ])('to %s of more than %i bytes is too large', async (path, limit) => {
    const padding = 'x'.repeat(limit);
    const response = await request(api.server).post(path).send({ padding });
    expectProblem(response, 'PAYLOAD_TOO_LARGE', path);
    expect(response.body.detail).toContain(`${limit}`);
  });

  it.each([
    ['GET', '/predict', 'POST'],
    ['OPTIONS', '/predict/batch', 'POST'],
    ['POST', '/health', 'GET, HEAD'],
    ['DELETE', '/models/v001', 'GET, HEAD'],
    ['PUT', '/models/v001/promote', 'POST'],
    ['TRACE', '/docs', 'GET, HEAD'],
    ['PUT', '/', 'GET, HEAD'],
    // A version can't be called so, but its path is that of a version.
    ['PUT', '/models/rollback', 'GET, HEAD, POST'],
  ] as const)('%s %s is told which methods the path takes', async (method, path, allowed) => {
    const response = await api.app.inject({ method: method as 'GET', url: `${path}?q=secret` });
    expect(response.statusCode).toBe(405);
    expect(response.headers.allow).toBe(allowed);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.json()).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
      instance: path,
      detail: expect.stringMatching(
        catalogueMessage('METHOD_NOT_ALLOWED', { path, method, allowed }),
      ),
    });
  });

  it.each([
    ['GET', '/nothing'],
    ['POST', '/predict/'],
    ['GET', '/backfill/'],
    ['GET', '/docs/nothing.js'],
    ['GET', '/health/'],
  ] as const)('%s %s finds nothing', async (method, path) => {
    const response = await api.app.inject({ method, url: path });
    expect(response.statusCode).toBe(404);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.json()).toMatchObject({ code: 'NOT_FOUND', instance: path });
  });

  it('with a path that can not be decoded is refused', async () => {
    const response = await api.app.inject({ method: 'GET', url: '/models/%zz' });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it.each([
    ['[', ']', 'lists'],
    ['{"a":', '}', 'objects'],
    ['[{"user_id":', '}]', 'both'],
  ])('with %s%s nested deeply is refused before it is parsed', async (open, close) => {
    for (const [path, levels] of [
      ['/predict', 4_000],
      ['/backfill', 4_000],
      ['/models/rollback', 4_000],
      ['/predict/batch', 70_000],
    ] as const) {
      const body = `{"user_ids":${open.repeat(levels)}1${close.repeat(levels)}}`;
      // Not closed at all, it is no JSON; that is not worth finding out either.
      for (const payload of [body, body.slice(0, body.length / 2)]) {
        const response = await api.app.inject({
          method: 'POST',
          url: path,
          headers: json,
          payload,
        });
        expect([path, response.statusCode, response.json().errors]).toEqual([
          path,
          400,
          [{ field: 'body', problem: 'must not be nested more than 8 levels deep' }],
        ]);
      }
    }
  });

  it('with more values than any body has is refused before it is parsed', async () => {
    const user_ids = Array.from({ length: 300_000 }, () => '');
    const payload = JSON.stringify({ user_ids });
    const url = '/predict/batch';
    const response = await api.app.inject({ method: 'POST', url, headers: json, payload });
    expect(response.statusCode).toBe(400);
    expect(response.json().errors).toEqual([
      { field: 'body', problem: 'must not have more than 2000 values' },
    ]);
  });

  it.each(['/predict', '/predict/batch', '/backfill', '/models/rollback'])(
    'to %s with many unknown fields lists twenty of them, shortened, and says how many more',
    async (path) => {
      const names = Array.from({ length: 150 }, (_value, index) => `${index}${'x'.repeat(400)}`);
      const body = Object.fromEntries(names.map((name) => [name, 1]));
      const response = await request(api.server).post(path).send(body);
      expectProblem(response, 'INVALID_REQUEST', path);
      expect(response.body.errors).toHaveLength(20);
      expect(response.body.detail).toMatch(/; and 13\d more\.$/);
      expect(response.text.length).toBeLessThan(8_000);
    },
  );

  it.each<[string, object]>([
    ['an object', { user_id: { constructor: {} } }],
    ['an object that claims a constructor', { user_id: { constructor: { name: 'Object' } } }],
    ['an object in a list', { user_ids: [{ constructor: 1 }] }],
    ['a list in a list', { user_ids: [['u1']] }],
    ['an object for a text', { reason: { constructor: null } }],
    ['an object for a date', { from: { then: 'x' }, to: '2026-01-01' }],
  ])('with %s where a field holds none is refused on every route', async (_what, body) => {
    for (const path of ['/predict', '/predict/batch', '/backfill', '/models/rollback']) {
      expectProblem(await request(api.server).post(path).send(body), 'INVALID_REQUEST', path);
    }
  });

  it.each([
    ['application/json; charset=utf-16', {}, 'content-type'],
    ['application/json;charset="latin1"', {}, 'content-type'],
    ['application/json', { 'content-encoding': 'gzip' }, 'content-encoding'],
    ['application/json', { 'content-encoding': 'br, identity' }, 'content-encoding'],
  ])('of type %s with %j is refused, whatever is in it', async (type, headers, field) => {
    const response = await api.app.inject({
      method: 'POST',
      url: '/predict',
      headers: { 'content-type': type, ...headers },
      payload: '{"user_id":"u1"}',
    });
    expect(response.statusCode).toBe(400);
    expect(response.json().errors[0].field).toBe(field);
  });

  it.each(['application/json', 'application/json; charset=UTF-8', 'application/json; version=1'])(
    'is not one for its type %s',
    async (type) => {
      const response = await api.app.inject({
        method: 'POST',
        url: '/predict',
        headers: { 'content-type': type, 'content-encoding': 'identity' },
        payload: '{"user_id":"u1"}',
      });
      expect(response.statusCode).toBe(200);
    },
  );

  it('that is not UTF-8 is refused', async () => {
    const payload = Buffer.from('{"user_id":"u\xff"}', 'latin1');
    const url = '/predict';
    const response = await api.app.inject({ method: 'POST', url, headers: json, payload });
    expect(response.json().errors).toEqual([{ field: 'body', problem: 'must be UTF-8' }]);
  });

  it('says nothing of the query in instance', async () => {
    const response = await request(api.server).get('/nothing?token=secret');
    expect(response.body.instance).toBe('/nothing');
    expect(response.text).not.toContain('secret');
  });
});

describe('an unexpected error', () => {
  it.each<[string, unknown]>([
    ['an Error', new Error('password=hunter2 at /home/someone')],
    ['a TypeError', new TypeError('hunter2')],
    ['a text', 'hunter2'],
    ['undefined', undefined],
    ['a database error', Object.assign(new Error('relation hunter2'), { code: '42P01' })],
  ])('such as %s is INTERNAL with an id that only the log explains', async (_what, thrown) => {
    const { logger, entries } = recordingLogger();
    const api = await createTestApi(
      {
        onlineFeatures: {
          ...fakePorts().onlineFeatures,
          read: async () => {
            throw thrown;
          },
        },
      },
      { logger },
    );
    const response = await request(api.server).post('/predict').send({ user_id: 'u1' });
    expectProblem(response, 'INTERNAL', '/predict');
    expect(response.text).not.toContain('hunter2');
    const id = catalogueMessage('INTERNAL', { id: /([0-9a-f-]{36})/ }).exec(
      response.body.detail,
    )?.[1];
    expect(entries).toContainEqual(expect.objectContaining({ code: 'INTERNAL', id }));
    if (thrown instanceof Error) expect(JSON.stringify(entries)).toContain('hunter2');
    await api.app.close();
  });

  it('of the catalogue keeps its own code and status', async () => {
    const read = async (): Promise<never> => {
      throw new ChurnError('CORRUPT_MODEL', { version: 'v002', problem: 'checksum' });
    };
    const api = await createTestApi({ drift: { read } });
    expectProblem(await request(api.server).get('/drift'), 'CORRUPT_MODEL', '/drift');
    await api.app.close();
  });
});
