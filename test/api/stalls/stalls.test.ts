import type { AddressInfo } from 'node:net';
import { reportFigure } from '../../acceptance/report-figure';
import { createTestApi, fakePorts, vectorOf, type TestApi } from '../test-api';
import {
  medianOf,
  openRequestingThread,
  STALL_MAX_MS,
  type HeavyRequest,
} from './requesting-thread';
import { isDeep } from '../../environment/depth';
const TRIALS = isDeep ? 5 : 1;

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

describe('a heavy request', () => {
  let api: TestApi;
  let thread: ReturnType<typeof openRequestingThread>;
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
    thread = openRequestingThread();
  });
  afterAll(async () => {
    await thread.close();
    await api.app.close();
  });

  it.each(requests)('such as $what is answered without a stall', async (request) => {
    const stalls: number[] = [];
    for (let trial = 0; trial < TRIALS; trial += 1) {
      stalls.push((await thread.stallOf(origin, request)).stallMs);
    }
    if (!isDeep) return;
    // The median: a full garbage collection of this process, which holds Jest, takes as long.
    const stall = medianOf(stalls);
    reportFigure(`CPU time of the longest turn, ${request.what}`, `${stall.toFixed(1)} ms`);
    expect(stall).toBeLessThan(STALL_MAX_MS);
  });
});
