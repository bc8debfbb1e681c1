import { monitorEventLoopDelay } from 'node:perf_hooks';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { createTestApi, fakePorts, vectorOf, type TestApi } from './test-api';

const isDeep = process.env.CHURN_TEST_DEPTH === 'deep';
const itWhenDeep = isDeep ? it : it.skip;

/** The longest that any request may keep the others waiting, on an idle machine. */
const STALL_MAX_MS = 50;
const TRIALS = 5;

/** Sends one request from another thread, so that this one does nothing but answer. */
const client = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', async ({ url, method, body }) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method, headers, body });
    await response.text();
    parentPort.postMessage(response.status);
  });
`;

const users = Array.from({ length: 1_000 }, (_value, index) => 'u' + index);

const requests: [string, string, string, string | undefined, number][] = [
  ['an open list a million deep', 'POST', '/predict/batch', '['.repeat(1 << 20), 400],
  ['objects 10,000 deep', 'POST', '/backfill', '{"a":'.repeat(10_000), 400],
  [
    '300,000 empty texts',
    'POST',
    '/predict/batch',
    '{"user_ids":[' + '"",'.repeat(300_000) + '""]}',
    400,
  ],
  [
    'one text of a mebibyte',
    'POST',
    '/predict/batch',
    '{"user_ids":["' + 'é'.repeat(500_000) + '"]}',
    400,
  ],
  [
    'a mebibyte of escapes',
    'POST',
    '/predict/batch',
    '{"user_ids":["' + '\\u0041'.repeat(170_000) + '"]}',
    400,
  ],
  [
    'a number of a mebibyte',
    'POST',
    '/predict/batch',
    '{"user_ids":' + '9'.repeat(1_000_000) + '}',
    400,
  ],
  [
    '1,900 unknown fields',
    'POST',
    '/backfill',
    JSON.stringify(
      Object.fromEntries(
        users
          .concat(users.map((user) => user + 'x'))
          .slice(0, 1_900)
          .map((user) => [user, 1]),
      ),
    ),
    400,
  ],
  [
    '1,000 users, explained',
    'POST',
    '/predict/batch?explain=true',
    JSON.stringify({ user_ids: users }),
    200,
  ],
  ['a query of 15 KiB', 'GET', '/users/at-risk?' + 'a=1&'.repeat(3_800), undefined, 400],
  ['the document', 'GET', '/docs/json', undefined, 200],
  ['the document as YAML', 'GET', '/docs/yaml', undefined, 200],
  ['the metrics', 'GET', '/metrics', undefined, 200],
];

describe('a request', () => {
  let api: TestApi;
  let worker: Worker;
  let origin: string;

  beforeAll(async () => {
    api = await createTestApi({
      onlineFeatures: {
        ...fakePorts().onlineFeatures,
        readMany: async (ids) => ids.map((id) => vectorOf(id)),
      },
    });
    await api.app.listen(0, '127.0.0.1');
    origin = `http://127.0.0.1:${(api.server.address() as AddressInfo).port}`;
    worker = new Worker(client, { eval: true });
  });
  afterAll(async () => {
    await worker.terminate();
    await api.app.close();
  });

  async function stallOf(method: string, path: string, body: string | undefined, status: number) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    worker.postMessage({ url: origin + path, method, body });
    const [answered] = (await once(worker, 'message')) as [number];
    delay.disable();
    expect(answered).toBe(status);
    return delay.max / 1e6;
  }

  it.each(requests)('of %s is answered', async (_what, method, path, body, status) => {
    await stallOf(method, path, body, status);
  });

  itWhenDeep.each(requests)(
    'of %s keeps no other waiting',
    async (_what, method, path, body, status) => {
      const stalls: number[] = [];
      for (let trial = 0; trial < TRIALS; trial += 1) {
        stalls.push(await stallOf(method, path, body, status));
      }
      stalls.sort((left, right) => left - right);
      expect(stalls[Math.floor(TRIALS / 2)]).toBeLessThan(STALL_MAX_MS);
    },
  );
});
