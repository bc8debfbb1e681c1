import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { processHost, processIdentity } from '../../packages/durable-files';
import { createScratchDirectory } from '../environment/scratch-directory';

const scratch = createScratchDirectory();
const folder = path.join(scratch.path, 'run/ready-workers');
const script = path.resolve(__dirname, '../../bin/health-check.mjs');

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => scratch.remove());

async function check(service: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [script, service], {
    env: { ...process.env, CHURN_DATA_DIR: scratch.path, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const [status] = (await once(child, 'close')) as [number];
  return { status, stderr };
}

describe('bin/health-check.mjs', () => {
  const { pid } = process;
  const write = (name: string, identity: string) =>
    writeFileSync(path.join(folder, name), JSON.stringify({ pid, identity, data_layout: 2 }));
  const none = { status: 1, stderr: 'no worker polls\n' };

  // A container that is restarted in place has the name it had, and its processes the same pids.
  it('says of a worker that is gone, whose pid the next one has, that none polls', async () => {
    write(`${processHost()}-${pid}.json`, 'boot:0');
    expect(await check('worker')).toEqual(none);
  });

  it('says of a worker in another container that none polls in this one', async () => {
    write(`elsewhere-${pid}.json`, processIdentity(pid)!);
    write(`${processHost()}-4026599999-${pid}.json`, processIdentity(pid)!);
    expect(await check('worker')).toEqual(none);
  });

  it('says that a worker is well that polls in this container, unless it hangs', async () => {
    write(`${processHost()}-${pid}.json`, processIdentity(pid)!);
    expect(await check('worker')).toEqual({ status: 0, stderr: '' });
    utimesSync(path.join(folder, `${processHost()}-${pid}.json`), 1, 1);
    expect(await check('worker')).toEqual(none);
  });

  it('says whether the API answers', async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/health/live' ? 200 : 404;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const CHURN_API_PORT = `${(server.address() as AddressInfo).port}`;
    expect(await check('api', { CHURN_API_PORT })).toEqual({ status: 0, stderr: '' });
    server.close();
    await once(server, 'close');
    expect(await check('api', { CHURN_API_PORT })).toMatchObject({ status: 1 });
  });
});
