import request from 'supertest';
import type { ApiPorts, Models } from '../../api/ports';
import { ChurnError } from '../../packages/contracts/errors';
import { createTestApi, fakePorts, modelOf, type TestApi } from './test-api';

let api: TestApi;

/** A fresh application whose ports are fakes, but for those given. */
async function serve(ports: Partial<ApiPorts> = {}) {
  api = await createTestApi(ports);
  return request(api.server);
}

afterEach(() => api.app.close());

describe('models', () => {
  const aliases = { champion: 'v002', challenger: null, previous: 'v001' };
  const change = { ...aliases, changed: true };

  it('shows which model answers', async () => {
    const response = await (await serve()).get('/model/version').expect(200);
    expect(response.body).toEqual({
      model_version: 'v001',
      schema_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      metadata: { model_version: 'v001', status: 'converged' },
    });
  });

  it('answers 503 while no model serves', async () => {
    const http = await serve({ servingModel: { current: () => null, refresh: async () => {} } });
    expect((await http.get('/model/version')).body).toMatchObject({
      code: 'NO_MODEL',
      status: 503,
    });
    expect((await http.post('/predict').send({ user_id: 'u1' })).body.code).toBe('NO_MODEL');
    expect((await http.post('/predict/batch').send({ user_ids: ['u1'] })).body.code).toBe(
      'NO_MODEL',
    );
  });

  it('answers what is wrong with the champion where it could not be loaded', async () => {
    const problem = new ChurnError('CORRUPT_MODEL', { version: 'v002', problem: 'x' });
    const servingModel = { current: () => null, problem, refresh: async () => {} };
    const http = await serve({ servingModel });
    const answers = await Promise.all([
      http.get('/model/version'),
      http.post('/predict').send({ user_id: 'u1' }),
      http.post('/predict/batch').send({ user_ids: ['u1'] }),
      http.get('/health/ready'),
    ]);
    for (const { status, body } of answers) {
      expect([status, body.code, body.detail]).toEqual([503, 'CORRUPT_MODEL', problem.message]);
    }
  });

  const modelsPort = (changes: Partial<Models>): Partial<ApiPorts> => ({
    models: { ...fakePorts().models, ...changes },
  });

  it('lists versions and aliases', async () => {
    const listing = { aliases, models: [{ version: 'v002', auc: 0.81 }, { version: 'v001' }] };
    const http = await serve(modelsPort({ list: async () => listing }));
    expect((await http.get('/models').expect(200)).body).toEqual(listing);
  });

  it('shows the metadata of a version', async () => {
    const http = await serve(modelsPort({ show: async (version) => ({ model_version: version }) }));
    expect((await http.get('/models/v001').expect(200)).body).toEqual({ model_version: 'v001' });
  });

  it('answers 404 for a version there is not', async () => {
    const show = async (version: string): Promise<never> => {
      throw new ChurnError('MODEL_NOT_FOUND', { version });
    };
    const response = await (await serve(modelsPort({ show }))).get('/models/v999');
    expect(response.status).toBe(404);
    expect(response.body.code).toBe('MODEL_NOT_FOUND');
  });

  it('refuses what is not a version before asking the registry', async () => {
    const response = await (await serve()).get('/models/..%2f..%2fetc');
    expect(response.status).toBe(400);
    expect(response.body.errors[0]).toEqual({
      field: 'version',
      problem: 'must be a version such as v003',
    });
  });

  const move = { from: 'v003', reason: 'better lift' };

  it.each([
    ['promotes', '/models/v002/promote', ['promote', 'v002', move]],
    ['rolls back', '/models/rollback', ['rollback', move]],
  ])('%s with a reason and serves the champion at once', async (_what, path, expected) => {
    const calls: unknown[] = [];
    const http = await serve({
      ...modelsPort({
        promote: async (...args) => (calls.push('promote', ...args), change),
        rollback: async (...args) => (calls.push('rollback', ...args), change),
      }),
      servingModel: {
        current: () => modelOf('v001'),
        refresh: async () => void calls.push('refresh'),
      },
    });
    const sent = { ...move, reason: '  better lift ' };
    const response = await http.post(path).send(sent).expect(200);
    expect(response.body).toEqual(change);
    expect(calls).toEqual([...expected, 'refresh']);
  });

  it.each([1, 500])('takes a reason of %d characters, and no champion', async (length) => {
    const http = await serve(modelsPort({ rollback: async () => change }));
    await http
      .post('/models/rollback')
      .send({ from: null, reason: 'x'.repeat(length) })
      .expect(200);
  });

  const paths = ['/models/v002/promote', '/models/rollback'];
  const tooLong = 'must be a text of 1 to 500 characters';
  const unprintable = 'must not contain control characters';

  it.each([
    [undefined, tooLong],
    ['', tooLong],
    ['   ', tooLong],
    [7, tooLong],
    ['x'.repeat(501), tooLong],
    ['a\u0000b', unprintable],
    ['two\nlines', unprintable],
    ['half a pair \ud800', unprintable],
  ])('wants a reason, not %j, and says so once', async (reason, problem) => {
    const http = await serve();
    for (const path of paths) {
      const response = await http.post(path).send({ from: 'v001', reason });
      expect(response.status).toBe(400);
      expect(response.body.errors).toEqual([{ field: 'reason', problem }]);
    }
  });

  it.each([undefined, '', 'v1', 'champion', 7])(
    'wants to be told which champion is replaced, not %j: a retry could undo the change',
    async (from) => {
      const http = await serve();
      for (const path of paths) {
        const response = await http.post(path).send({ from, reason: 'complaints' });
        expect(response.status).toBe(400);
        expect(response.body.errors).toEqual([
          { field: 'from', problem: 'must be the present champion, such as v003, or null' },
        ]);
      }
    },
  );

  it('answers 409 where another champion is in force, and then looks which one serves', async () => {
    const rollback = async (): Promise<never> => {
      throw new ChurnError('CHAMPION_CHANGED', { champion: 'v002', from: 'v003' });
    };
    const refresh = jest.fn(async () => {});
    const servingModel = { current: () => modelOf('v001'), refresh };
    const http = await serve({ ...modelsPort({ rollback }), servingModel });
    const response = await http.post('/models/rollback').send(move);
    expect([response.status, response.body.code]).toEqual([409, 'CHAMPION_CHANGED']);
    expect(response.body.detail).toContain('v002');
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});
