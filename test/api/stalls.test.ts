import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { reportFigure } from '../acceptance/report-figure';
import { longestTurnMs } from '../support/longest-turn';
import { createTestApi, fakePorts, vectorOf, type TestApi } from './test-api';

/** The longest that a request may keep the others waiting. */
const STALL_MAX_MS = 50;

const isDeep = process.env.CHURN_TEST_DEPTH === 'deep';
const TRIALS = isDeep ? 5 : 1;

interface HeavyRequest {
  readonly what: string;
  /** `METHOD /path` */
  readonly target: string;
  readonly body?: string;
  readonly status: number;
}

const users = Array.from({ length: 1_000 }, (_value, index) => `u${index}`);
const manyFields = Object.fromEntries(
  [...users, ...users.map((user) => `${user}x`)].slice(0, 1_900).map((user) => [user, 1]),
);
const batch = 'POST /predict/batch';

const requests: readonly HeavyRequest[] = [
  { what: 'lists a million deep', target: batch, body: '['.repeat(1 << 20), status: 400 },
  { what: 'objects deep', target: 'POST /backfill', body: '{"a":'.repeat(13_000), status: 400 },
  {
    what: '300,000 empty texts',
    target: batch,
    body: `{"user_ids":[${'"",'.repeat(300_000)}""]}`,
    status: 400,
  },
  {
    what: 'a text of a mebibyte',
    target: batch,
    body: `{"user_ids":["${'é'.repeat(500_000)}"]}`,
    status: 400,
  },
  {
    what: 'a mebibyte of escapes',
    target: batch,
    body: `{"user_ids":["${String.raw`\u0041`.repeat(170_000)}"]}`,
    status: 400,
  },
  {
    what: 'a million digits',
    target: batch,
    body: `{"user_ids":${'9'.repeat(1_000_000)}}`,
    status: 400,
  },
  {
    what: '1,900 unknown fields',
    target: 'POST /backfill',
    body: JSON.stringify(manyFields),
    status: 400,
  },
  {
    what: '1,000 users, explained',
    target: `${batch}?explain=true`,
    body: JSON.stringify({ user_ids: users }),
    status: 200,
  },
  {
    what: 'a query of 15 KiB',
    target: `GET /users/at-risk?${'a=1&'.repeat(3_800)}`,
    status: 400,
  },
  { what: 'the OpenAPI document', target: 'GET /docs/json', status: 200 },
  { what: 'the OpenAPI document as YAML', target: 'GET /docs/yaml', status: 200 },
  { what: 'the metrics', target: 'GET /metrics', status: 200 },
];

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

describe('a heavy request', () => {
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

  async function stallOf({ target, body, status }: HeavyRequest): Promise<number> {
    const [method, path] = target.split(' ') as [string, string];
    return longestTurnMs(async () => {
      worker.postMessage({ url: origin + path, method, body });
      expect(await once(worker, 'message')).toEqual([status]);
    });
  }

  it.each(requests)('such as $what is answered without a stall', async (request) => {
    const stalls: number[] = [];
    for (let trial = 0; trial < TRIALS; trial += 1) stalls.push(await stallOf(request));
    if (!isDeep) return;
    // The median: a full garbage collection of this process, which holds Jest, takes as long.
    const stall = stalls.toSorted((left, right) => left - right)[Math.floor(TRIALS / 2)]!;
    reportFigure(`CPU time of the longest turn, ${request.what}`, `${stall.toFixed(1)} ms`);
    expect(stall).toBeLessThan(STALL_MAX_MS);
  });
});
