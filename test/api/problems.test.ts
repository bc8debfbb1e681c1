import { connect, type AddressInfo } from 'node:net';
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
    ['GET', '/nothing'],
    ['GET', '/predict'],
    ['POST', '/health'],
    ['DELETE', '/models/v001'],
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

  it('says nothing of the query in instance', async () => {
    const response = await request(api.server).get('/nothing?token=secret');
    expect(response.body.instance).toBe('/nothing');
    expect(response.text).not.toContain('secret');
  });
});

describe('what is not HTTP', () => {
  it('gets a problem, too, and the connection is closed', async () => {
    const api = await createTestApi();
    await api.app.listen(0, '127.0.0.1');
    const { port } = api.server.address() as AddressInfo;
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('garbage\r\n\r\n'));
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    const [head, body] = answer.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 400 [^]*application\/problem\+json/);
    expect(JSON.parse(body!)).toMatchObject({ code: 'INVALID_REQUEST', status: 400 });
    await api.app.close();
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
