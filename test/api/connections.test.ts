import { once } from 'node:events';
import { createTestApi, recordingLogger, type TestApi } from './test-api';
import { ask, connectTo, parseAnswer, type RawConnection } from './raw-connection';

let api: TestApi;

afterEach(() => api.app.close());

async function listen(...options: Parameters<typeof createTestApi>): Promise<void> {
  api = await createTestApi(...options);
  await api.app.listen(0, '127.0.0.1');
}

describe('what the framework never sees', () => {
  beforeEach(() => listen());

  const post = (headers: string) =>
    `POST /predict HTTP/1.1\r\n${headers}\r\nconnection: close\r\n\r\n`;

  it.each<[string, string, number, string]>([
    ['what is not HTTP', 'garbage\r\n\r\n', 400, 'INVALID_REQUEST'],
    ['no Host', 'GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'INVALID_REQUEST'],
    ['no Host in HTTP/1.0', 'GET /health/live HTTP/1.0\r\n\r\n', 400, 'INVALID_REQUEST'],
    ['two Hosts', post('host: localhost\r\nhost: evil.example'), 400, 'INVALID_REQUEST'],
    ['the same Host twice', post('host: localhost\r\nHost: localhost'), 400, 'INVALID_REQUEST'],
    [
      'two lengths',
      post('host: localhost\r\ncontent-length: 1\r\ncontent-length: 2'),
      400,
      'INVALID_REQUEST',
    ],
    [
      'an expectation that nobody can meet',
      post('host: localhost\r\nexpect: a miracle\r\ncontent-length: 5'),
      417,
      'EXPECTATION_FAILED',
    ],
    [
      'headers of 20 KiB',
      post(`host: localhost\r\nx: ${'x'.repeat(20_480)}`),
      431,
      'HEADERS_TOO_LARGE',
    ],
    ['a method of its own', 'BREW / HTTP/1.1\r\nhost: localhost\r\n\r\n', 400, 'INVALID_REQUEST'],
    [
      'a method that no route has',
      'PROPFIND /models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'a target that is no path',
      'OPTIONS * HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
      404,
      'NOT_FOUND',
    ],
  ])('answers %s with a problem', async (_what, text, status, code) => {
    const answer = await ask(api, text);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(JSON.parse(answer.body)).toMatchObject({ code, status });
    expect(answer.status).toBe(status);
  });

  it('lets a client that waits for 100 Continue go on', async () => {
    const { socket, received } = connectTo(api);
    socket.write(
      'POST /predict HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 16\r\nconnection: close\r\n\r\n',
    );
    const [first] = (await once(socket, 'data')) as [string];
    expect(first).toMatch(/^HTTP\/1\.1 100 /);
    socket.end('{"user_id":"u1"}');
    expect(parseAnswer((await received).slice(first.length)).status).toBe(200);
  });
});

describe('a slow client', () => {
  /** Sends a byte at a time for as long as the server listens. */
  function drip({ socket, received }: RawConnection): Promise<string> {
    const timer = setInterval(() => socket.write(' '), 20);
    return received.finally(() => clearInterval(timer));
  }

  const headers = 'POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

  it.each([
    ['its body', `${headers}content-length: 60000\r\n\r\n`],
    ['chunks of its body', `${headers}transfer-encoding: chunked\r\n\r\nffff\r\n`],
    ['its headers', `${headers}x: `],
  ])('that drips %s is told so and cut off', async (_what, start) => {
    await listen({}, { connectionLimits: { requestTimeoutMs: 200 } });
    const connection = connectTo(api);
    connection.socket.write(start);
    const answer = parseAnswer(await drip(connection));
    expect(answer.status).toBe(408);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'REQUEST_TIMEOUT' });
  });

  it('that says nothing is cut off', async () => {
    await listen({}, { connectionLimits: { requestTimeoutMs: 200 } });
    const answer = parseAnswer(await connectTo(api).received);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'REQUEST_TIMEOUT' });
  });

  it('that does not read its answers is cut off', async () => {
    await listen({}, { connectionLimits: { silenceTimeoutMs: 200 } });
    const { socket } = connectTo(api);
    socket.pause();
    const [accepted] = (await once(api.server, 'connection')) as [{ destroyed: boolean }];
    const request = 'GET /docs/json HTTP/1.1\r\nhost: localhost\r\n\r\n';
    socket.write(request.repeat(200));
    await once(accepted as unknown as NodeJS.EventEmitter, 'close');
    expect(accepted.destroyed).toBe(true);
    socket.destroy();
  });
});

describe('a connection that waits for its next request', () => {
  it('is kept for as long as any on which nothing moves, and the answer says so', async () => {
    await listen();
    const connection = connectTo(api);
    connection.socket.write('GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const [answer] = (await once(connection.socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^keep-alive: timeout=120\r$/im);
    connection.socket.destroy();
  });
});

describe('more connections than the server takes', () => {
  const alive = 'GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n';

  it('are closed, those that wait idly make room, and the log says so once', async () => {
    const { logger, entries } = recordingLogger();
    await listen({}, { connectionLimits: { connectionsMax: 3 }, logger });
    const idle = [connectTo(api), connectTo(api), connectTo(api)];
    for (const { socket } of idle) {
      socket.write(alive);
      await once(socket, 'data');
    }
    // The first one over the limit is refused; it takes the idle ones with it.
    const refused = connectTo(api);
    expect(await refused.received).toBe('');
    await Promise.all(idle.map(({ received }) => received));
    const answer = await ask(api, alive.replace('host', 'connection: close\r\nhost'));
    expect(answer.status).toBe(200);
    const warnings = entries.filter(({ msg }) => msg === 'connections were refused');
    expect(warnings).toMatchObject([{ refused: 1, connectionsMax: 3 }]);
  });
});
