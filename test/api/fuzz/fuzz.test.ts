import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { reportFigure } from '../../acceptance/report-figure';
import { ChurnError } from '../../../packages/contracts/errors';
import type { ApiPorts } from '../../../api/ports';
import type { OpenApi } from '../open-api-document';
import { ask, connectTo, parseAnswer } from '../raw-connection';
import { createTestApi, FEATURE_TIME, fakePorts, progress, type TestApi } from '../test-api';
import { createAnswerContract } from './answer-contract';
import { askRandomly } from './ask-randomly';
import { rawRequests } from './raw-requests';
import { isDeep } from '../../environment/depth';
const REQUESTS = isDeep ? 25_000 : 3_600;
const RAW_REQUESTS = isDeep ? 5_000 : 400;

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Ports that have an answer to everything that gets as far as to them. */
function answeringPorts(): Partial<ApiPorts> {
  const aliases = { champion: 'v001', challenger: null, previous: null };
  const answerChange = async () => ({ ...progress, changed: true });
  return {
    backfills: {
      start: async () => ({ id: 'bf-1', status: 'running', created: true, warnings: [] }),
      plan: async (request) => ({
        id: 'dry-run',
        request,
        knowledge: { knownAt: 'latest', batch: 1 } as never,
        planned: 1,
        skipped: 0,
        chunks: [{ from: '2026-01-01', to: '2026-01-31', except: [] }],
        warnings: [],
      }),
      progress: async () => progress,
      pause: answerChange,
      resume: answerChange,
      cancel: answerChange,
    },
    models: {
      ...fakePorts().models,
      list: async () => ({ aliases, models: [{ version: 'v001' }] }),
      show: async (version) => {
        if (version === 'v001') return { model_version: version };
        throw new ChurnError('MODEL_NOT_FOUND', { version });
      },
      promote: async () => ({ ...aliases, changed: true }),
      rollback: async () => ({ ...aliases, changed: false }),
    },
    atRisk: {
      list: async () => ({ model_version: 'v001', feature_time: FEATURE_TIME, users: [] }),
    },
    drift: { read: async () => ({ date: '2026-03-01', metrics: [] }) },
  };
}

describe('the door of the API', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await createTestApi(answeringPorts());
    await api.app.listen(0, '127.0.0.1');
  });
  afterAll(() => api.app.close());

  it('answers as its document says, whatever it is asked', async () => {
    const { all: answered } = await askRandomly(api.app, { requests: REQUESTS, seed: 20_260_101 });
    if (isDeep) await requireNoLeak();
    // Many requests get through the door, or only the door would be tried.
    expect(answered.get(200)).toBeGreaterThan(REQUESTS / 5);
    expect(answered.get(400)).toBeGreaterThan(REQUESTS / 10);
    expect([...answered.keys()].filter((status) => status >= 500)).toEqual([]);
  }, 900_000);

  it('answers what is hardly HTTP with a problem or not at all, and goes on', async () => {
    const document = (await api.app.inject('/docs/json')).json<OpenApi>();
    const problemsOf = createAnswerContract(document);
    const statuses = new Set<number>();
    const law = fc.asyncProperty(rawRequests, async (text) => {
      const { socket, received } = connectTo(api);
      socket.end(text, 'latin1');
      const whole = await received;
      if (whole === '') return;
      const { status, headers, body } = parseAnswer(withoutContinue(whole));
      statuses.add(status);
      const contentType = headers['content-type'] ?? '';
      expect(problemsOf(null, { status, contentType, body })).toEqual([]);
    });
    await fc.assert(law, { numRuns: RAW_REQUESTS, seed: 20_260_102 });
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 403, 404, 431]));
    const alive = await ask(
      api,
      'GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
    );
    expect(alive.status).toBe(200);
    expect(await openConnections()).toBe(0);
  }, 300_000);

  /** Memory after so many requests stays where it is when as many again are answered. */
  async function requireNoLeak(): Promise<void> {
    const heapBytes: number[] = [];
    for (const seed of [1, 2, 3]) {
      await askRandomly(api.app, { requests: 5_000, seed });
      collectGarbage();
      heapBytes.push(process.memoryUsage().heapUsed);
    }
    const growthBytes = heapBytes.at(-1)! - heapBytes[0]!;
    reportFigure(
      'memory that 10,000 more requests keep',
      `${(growthBytes / 2 ** 20).toFixed(1)} MiB`,
    );
    expect(growthBytes).toBeLessThan(10 * 2 ** 20);
  }

  function withoutContinue(text: string): string {
    return text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  }

  function openConnections(): Promise<number> {
    return new Promise((resolve, reject) => {
      api.server.getConnections((error: Error | null, count: number) =>
        error ? reject(error) : resolve(count),
      );
    });
  }
});
