import request from 'supertest';
import { createRequestGuard } from '../../api/http/request-guard';
import { createTestApi, type TestApi } from './test-api';

/** Rows of three, of which those that are missing are undefined. */
function headersOf(rows: readonly (readonly [string, string?, string?])[]) {
  return rows.map(([host, origin, forwardedProto]) => [host, origin, forwardedProto] as const);
}

describe('the request guard', () => {
  const guard = createRequestGuard(['churn.internal', '::ffff:10.0.0.1', '192.0.2.7']);

  it.each(
    headersOf([
      ['localhost', undefined],
      ['localhost:3000', undefined],
      ['LOCALHOST:3000', undefined],
      ['127.0.0.1:80', undefined],
      ['[::1]:3000', undefined],
      ['[::1]', undefined],
      ['churn.internal:8443', undefined],
      ['[::ffff:10.0.0.1]:1', undefined],
      ['192.0.2.7', undefined],
      ['localhost:3000', 'http://localhost:3000'],
      ['localhost:3000', 'HTTP://LOCALHOST:3000'],
      ['[::1]:3000', 'http://[::1]:3000'],
      ['churn.internal', 'https://churn.internal', 'https'],
      ['churn.internal', 'https://churn.internal', 'HTTPS, http'],
      ['churn.internal', 'http://churn.internal', 'http, https'],
    ]),
  )('lets Host %s with Origin %s pass, forwarded as %s', (host, origin, forwardedProto) => {
    expect(() => guard({ host, origin, forwardedProto })).not.toThrow();
  });

  it.each(
    headersOf([
      ['', undefined],
      ['evil.example', undefined],
      ['evil.example:3000', undefined],
      ['localhost.evil.example', undefined],
      ['127.0.0.1.evil.example:3000', undefined],
      ['127.0.0.2', undefined],
      ['localhost@evil.example', undefined],
      ['localhost:3000', 'http://evil.example'],
      ['localhost:3000', 'http://localhost:4000'],
      ['localhost:3000', 'http://localhost'],
      ['localhost:3000', 'null'],
      ['localhost:3000', ''],
      ['localhost:3000', 'http://localhost:3000@evil.example'],
      ['localhost:3000', 'http://localhost:3000/path'],
      ['localhost:3000', 'file://localhost:3000'],
      ['localhost', 'https://localhost'],
      ['localhost', 'https://localhost', 'http'],
      ['localhost', 'http://localhost', 'https'],
      ['localhost', 'https://evil.example', 'https'],
    ]),
  )('refuses Host %s with Origin %s, forwarded as %s', (host, origin, forwardedProto) => {
    guard({ host: 'localhost:3000' });
    expect(() => guard({ host, origin, forwardedProto })).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN_HOST' }),
    );
  });

  it.each([undefined, 'localhost, evil.example', 'localhost, localhost'])(
    'refuses Host %s, which is not one Host',
    (host) => {
      guard({ host: 'localhost' });
      expect(() => guard({ host })).toThrow(
        expect.objectContaining({
          code: 'INVALID_REQUEST',
          fields: [{ field: 'host', problem: 'must be sent exactly once' }],
        }),
      );
    },
  );
});

describe('every route', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await createTestApi({}, { allowedHosts: ['api.test'] });
  });
  afterAll(() => api.app.close());

  it.each([
    ['host', 'evil.example'],
    ['origin', 'https://evil.example'],
  ])('refuses a foreign %s, before it reads the body', async (header, value) => {
    for (const [method, path] of [
      ['post', '/predict'],
      ['get', '/health'],
      ['get', '/docs'],
      ['get', '/docs/json'],
      ['get', '/'],
      ['get', '/nothing'],
      ['get', '/models/%zz'],
    ] as const) {
      const response = await request(api.server)[method](path).set(header, value);
      expect([path, response.status, response.body.code]).toEqual([path, 403, 'FORBIDDEN_HOST']);
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    }
  });

  it('answers under the name it is configured with', async () => {
    await request(api.server).get('/health').set('host', 'api.test:8080').expect(200);
  });

  it.each(['/health', '/', '/docs', '/nothing', '/models/%zz'])(
    'sends security headers and no CORS headers: %s',
    async (path) => {
      const response = await request(api.server).get(path);
      expect(response.headers['x-content-type-options']).toBe('nosniff');
      expect(response.headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(response.headers).not.toHaveProperty('access-control-allow-origin');
      expect(response.headers).not.toHaveProperty('x-powered-by');
    },
  );

  it('does not answer a preflight', async () => {
    const response = await request(api.server)
      .options('/predict')
      .set('origin', 'https://evil.example')
      .set('access-control-request-method', 'POST');
    expect(response.status).toBe(403);
  });
});
