import request from 'supertest';
import { portProblems } from '../../api/port-problems';
import type { ApiPorts } from '../../api/ports';
import { ChurnError, errorCatalogue, type ErrorCode } from '../../packages/contracts/errors';
import { documentedRequests, type DocumentedRequest, type OpenApi } from './open-api-document';
import { createTestApi, fakePorts, progress, type TestApi } from './test-api';

/** Every method of every port with each error that it may raise. */
const raised = Object.entries(portProblems).flatMap(([port, methods]) =>
  Object.entries(methods).flatMap(([method, codes]: [string, readonly ErrorCode[]]) =>
    [...new Set(codes)].map((code) => ({ method: `${port}.${method}`, code })),
  ),
);

describe('the errors that the OpenAPI document gives of a route', () => {
  let api: TestApi;
  let requests: DocumentedRequest[];
  /** The one method that fails now. */
  let failing: { method: string; code: ErrorCode } | undefined;

  /** A port that answers as given until it is the one that fails. */
  function fallible<Port extends object>(name: string, port: Port): Port {
    return new Proxy(port, {
      get: (target, method) => async (): Promise<unknown> => {
        if (failing?.method === `${name}.${String(method)}`) throw new ChurnError(failing.code);
        return (target[method as keyof Port] as () => unknown)();
      },
    });
  }

  beforeAll(async () => {
    const change = { champion: 'v001', challenger: null, previous: null, changed: true };
    const answers = { ...fakePorts().backfills, progress: async () => progress };
    const ports: Partial<ApiPorts> = {
      onlineFeatures: fakePorts().onlineFeatures,
      backfills: answers,
      partitions: fakePorts().partitions,
      models: {
        ...fakePorts().models,
        promote: async () => change,
        rollback: async () => change,
      },
      atRisk: fakePorts().atRisk,
      drift: fakePorts().drift,
    };
    const withFailures = Object.entries(ports).map(([name, port]) => [name, fallible(name, port)]);
    api = await createTestApi(Object.fromEntries(withFailures) as Partial<ApiPorts>);
    const { body } = await request(api.server).get('/docs/json').expect(200);
    requests = documentedRequests(body as OpenApi);
  });
  afterAll(() => api.app.close());

  it('are codes of the catalogue, each once', () => {
    for (const { operation, codes } of requests) {
      expect([operation, codes.filter((code) => !(code in errorCatalogue))]).toEqual([
        operation,
        [],
      ]);
      expect([operation, codes]).toEqual([operation, [...new Set(codes)]]);
    }
  });

  it('include what the guard refuses and what nobody expected', () => {
    for (const { operation, codes } of requests) {
      expect([operation, codes]).toEqual([
        operation,
        expect.arrayContaining(['FORBIDDEN_HOST', 'INTERNAL']),
      ]);
    }
  });

  it.each(raised)('include $code where $method raises it', async ({ method, code }) => {
    failing = { method, code };
    const answered: string[] = [];
    const undocumented: string[] = [];
    for (const { operation, codes, ask } of requests) {
      const found = await ask(api.app);
      if (found === code) answered.push(operation);
      if (found !== null && !codes.includes(found)) undocumented.push(`${operation}: ${found}`);
    }
    expect(undocumented).toEqual([]);
    expect(answered).not.toEqual([]);
  });
});
