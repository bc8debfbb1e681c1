import { createServer, type Server } from 'node:net';
import { choosePort, isPortFree } from '../../../../packages/local-services/processes/tcp-ports';

describe('choosing a port', () => {
  let server: Server;
  let busy: number;

  beforeAll(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    busy = (server.address() as { port: number }).port;
  });
  afterAll(() => void server.close());

  test('a port someone listens on is not free', async () => {
    expect(await isPortFree(busy)).toBe(false);
  });

  test('the previous port is kept where it is free', async () => {
    const previous = await choosePort({ service: 'Redis' });

    expect(await choosePort({ service: 'Redis', previous })).toBe(previous);
  });

  test('another one is taken where the previous is busy, or meant for another service', async () => {
    const meant = await choosePort({ service: 'Redis' });

    expect(await choosePort({ service: 'Redis', previous: busy })).not.toBe(busy);
    expect(await choosePort({ service: 'Redis', previous: meant, taken: [meant] })).not.toBe(meant);
  });

  test('a setting of 0 means any port, and leaves the previous one', async () => {
    const previous = await choosePort({ service: 'The API' });
    const setting = { variable: 'CHURN_API_PORT', port: 0 };

    expect(await choosePort({ service: 'The API', setting, previous })).toBe(previous);
  });

  test('a port that was asked for wins over the previous one', async () => {
    const [asked, previous] = [
      await choosePort({ service: 'A' }),
      await choosePort({ service: 'B' }),
    ];
    const setting = { variable: 'CHURN_API_PORT', port: asked };

    expect(await choosePort({ service: 'The API', setting, previous })).toBe(asked);
  });

  test('a port that was asked for and is busy is an error that names the variable', async () => {
    const setting = { variable: 'CHURN_API_PORT', port: busy };

    await expect(choosePort({ service: 'The API', setting })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      details: { port: busy, service: 'The API', variable: 'CHURN_API_PORT' },
    });
  });
});
