import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { loadConfig } from '../../../packages/config/load-config';
import { stackStatus } from '../../../packages/local-services/stack-status';
import { startStack } from '../../../packages/local-services/start-stack';
import { requireTool } from '../../../packages/local-services/tools';
import { claimInstallation } from '../../../packages/online-store/installation-id';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { service } from './stack-fixture';

describe('a node of a Redis Cluster', () => {
  const scratch = createScratchDirectory();
  let server: ChildProcess;
  let url: string;

  beforeAll(async () => {
    const port = await freePort();
    url = `redis://127.0.0.1:${port}`;
    server = spawn(
      requireTool('redis', process.env),
      ['--bind', '127.0.0.1', '--port', String(port), '--cluster-enabled', 'yes', '--save', ''],
      { cwd: scratch.path, stdio: 'ignore' },
    );
    // The client connects as soon as the server listens.
    const client = new Redis(url, { retryStrategy: () => 20 });
    client.on('error', () => {});
    await new Promise((resolve) => client.once('ready', resolve));
    client.disconnect();
  });

  afterAll(async () => {
    const ended = once(server, 'exit');
    server.kill();
    await ended;
    scratch.remove();
  });

  const config = () => loadConfig({ CHURN_DATA_DIR: `${scratch.path}/data`, REDIS_URL: url });

  it('is refused by up', async () => {
    await expect(startStack({ config: config(), services: ['redis'] })).rejects.toMatchObject({
      code: 'REDIS_CLUSTER',
    });
  });

  it('is unhealthy in the status, which says why', async () => {
    expect(service(await stackStatus({ config: config() }), 'redis')).toMatchObject({
      status: 'unhealthy',
      problem: expect.stringContaining('REDIS_CLUSTER: '),
    });
  });

  it('is named by whatever reads or writes keys', async () => {
    const redis = new Redis(url);
    const refused = { code: 'REDIS_CLUSTER' };
    await expect(claimInstallation(redis, 'ours')).rejects.toMatchObject(refused);
    redis.disconnect();
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
