import { linkSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withFileLock } from '../../../packages/durable-files/file-lock';
import { processHost } from '../../../packages/durable-files/process-host';
import { processIdentity } from '../../../packages/durable-files/process-identity';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { catalogueMessage } from '../../support/catalogue-message';

describe('the lock of a file', () => {
  const scratch = createScratchDirectory();
  const folder = path.join(scratch.path, 'run');
  const file = path.join(folder, 'the.lock');
  const lock = <T>(work: () => Promise<T>, waitMillis = 20_000) =>
    withFileLock({ file, waitMillis, activity: 'testing' }, work);
  const write = (owner: string | object) =>
    writeFileSync(file, typeof owner === 'string' ? owner : JSON.stringify(owner));
  const nothing = () => Promise.resolve('done');
  beforeAll(() => mkdirSync(folder));
  afterEach(() => rmSync(file, { force: true }));
  afterAll(scratch.remove);

  const identity = processIdentity(process.pid)!;
  const host = processHost();
  const gone = 4_194_300;

  test('lets one work at a time', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };

    await Promise.all([lock(work), lock(work), lock(work)]);

    expect(most).toBe(1);
  });

  test('is released, with nothing left behind, also after a failure', async () => {
    await expect(lock(() => Promise.reject(new Error('no')))).rejects.toThrow('no');

    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['of a process that is gone', { host, pid: gone, identity: 'boot:1' }],
    ['whose pid another process has by now', { host, pid: process.pid, identity: 'boot:1' }],
    ['of an earlier release’s services', { pid: process.pid, identity: 'boot:1' }],
    ['of an earlier release’s registry', `${host} ${gone} dead`],
    ['of an earlier release’s registry, with this pid', `${host} ${process.pid} dead`],
  ])('is taken over %s, by one of those who wait', async (_, owner) => {
    write(owner);
    const order: string[] = [];

    await Promise.all(
      ['left', 'right'].map((name) =>
        lock(async () => {
          order.push(`${name} in`);
          await new Promise((resolve) => setImmediate(resolve));
          order.push(`${name} out`);
        }),
      ),
    );

    expect(order.map((entry) => entry.split(' ')[1])).toEqual(['in', 'out', 'in', 'out']);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    [
      'a process of another machine',
      { host: 'elsewhere', pid: gone, identity: 'boot:1' },
      `Process ${gone} on elsewhere`,
    ],
    [
      'an earlier release, by a process with a pid in use',
      `${host} ${process.ppid} alive`,
      `Process ${process.ppid}`,
    ],
    ['nobody that can be read', '{', 'Another process'],
  ])('of %s holds for ten minutes', async (_, owner, holder) => {
    write(owner);
    const details = { holder, activity: 'testing' };
    await expect(lock(nothing, 0)).rejects.toMatchObject({ code: 'LOCK_HELD', details });

    const past = Date.now() / 1000 - 601;
    utimesSync(file, past, past);
    expect(await lock(nothing, 0)).toBe('done');
  });

  test('of a living process holds however old it is, and is not waited for without end', async () => {
    write({ host, pid: process.pid, identity });
    utimesSync(file, 0, 0);
    await expect(lock(nothing, 0)).rejects.toThrow(
      catalogueMessage('LOCK_HELD', { holder: `Process ${process.pid}`, activity: 'testing' }),
    );
  });

  test('is left alone while another is about to remove it', async () => {
    write({ host, pid: gone, identity: 'boot:1' });
    linkSync(file, `${file}.abandoned`);

    await expect(lock(nothing, 0)).rejects.toThrow(
      catalogueMessage('LOCK_HELD', { holder: `Process ${gone}`, activity: 'testing' }),
    );

    rmSync(`${file}.abandoned`);
    expect(await lock(nothing, 0)).toBe('done');
  });
});
