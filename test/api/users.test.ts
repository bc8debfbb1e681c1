import { once } from 'node:events';
import request from 'supertest';
import type { ApiPorts } from '../../api/ports';
import { ChurnError } from '../../packages/contracts/errors';
import { connectTo } from './raw-connection';
import { createTestApi, FEATURE_TIME, recordingLogger, type TestApi } from './test-api';
import { catalogueMessage } from '../support/catalogue-message';

let api: TestApi;

/** A fresh application whose ports are fakes, but for those given. */
async function serve(ports: Partial<ApiPorts> = {}) {
  api = await createTestApi(ports);
  return request(api.server);
}

afterEach(() => api.app.close());

describe('GET /users/at-risk', () => {
  const list = jest.fn<
    ReturnType<ApiPorts['atRisk']['list']>,
    Parameters<ApiPorts['atRisk']['list']>
  >(async () => ({
    model_version: 'v003',
    feature_time: FEATURE_TIME,
    users: [
      {
        user_id: 'u9',
        churn_probability: 0.93,
        reasons: ['no login for 21 days: +1.40'],
      },
    ],
  }));

  it('lists who will most likely leave, with the reasons', async () => {
    const response = await (await serve({ atRisk: { list } })).get('/users/at-risk?limit=5');
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      model_version: 'v003',
      feature_time: FEATURE_TIME,
      users: [
        {
          user_id: 'u9',
          churn_probability: 0.93,
          reasons: ['no login for 21 days: +1.40'],
        },
      ],
    });
    expect(list).toHaveBeenLastCalledWith({ limit: 5 }, expect.any(AbortSignal));
  });

  it('lists 20 when no limit is given', async () => {
    await (await serve({ atRisk: { list } })).get('/users/at-risk').expect(200);
    expect(list).toHaveBeenLastCalledWith({ limit: 20 }, expect.any(AbortSignal));
  });

  it('refuses a list while nobody knows who is subscribed, and says what to run', async () => {
    const refuse: ApiPorts['atRisk']['list'] = async () => {
      throw new ChurnError('NO_STATE', { date: '2026-03-01' });
    };
    const response = await (await serve({ atRisk: { list: refuse } })).get('/users/at-risk');
    expect(response.status).toBe(409);
    expect(response.body).toMatchObject({ code: 'NO_STATE' });
    expect(response.body.detail).toMatch(catalogueMessage('NO_STATE', { date: '2026-03-01' }));
  });

  it.each([1, 1_000])('lists up to %d', async (limit) => {
    await (await serve({ atRisk: { list } })).get(`/users/at-risk?limit=${limit}`).expect(200);
    expect(list).toHaveBeenLastCalledWith({ limit }, expect.any(AbortSignal));
  });

  it.each(['0', '1001', '-1', '1.5', 'ten', '1e3', '', '1&limit=2'])(
    'refuses the limit %j and says once what it must be',
    async (limit) => {
      const response = await (await serve()).get(`/users/at-risk?limit=${limit}`);
      expect(response.status).toBe(400);
      expect(response.body.errors).toEqual([
        { field: 'limit', problem: 'must be a whole number from 1 to 1000' },
      ]);
    },
  );

  it('stops waiting for a list whose client has left, and logs nothing of it', async () => {
    const { logger, entries } = recordingLogger();
    let signal: AbortSignal | undefined;
    const asked = new Promise<void>((resolve) => {
      list.mockImplementationOnce((_query, ofClient) => {
        signal = ofClient;
        resolve();
        return new Promise((_resolve, reject) => {
          ofClient!.addEventListener('abort', () => reject(ofClient!.reason as Error));
        });
      });
    });
    api = await createTestApi({ atRisk: { list } }, { logger });
    await api.app.listen(0, '127.0.0.1');
    const { socket } = connectTo(api);
    socket.write('GET /users/at-risk HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await asked;
    expect(signal!.aborted).toBe(false);
    socket.destroy();
    await once(signal!, 'abort');
    await api.app.close();
    expect(entries.filter((entry) => !('nest' in entry))).toEqual([]);
  });
});
