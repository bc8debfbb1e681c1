import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withStackLock } from '../../../../packages/local-services/processes/stack-lock';
import { createScratchDirectory } from '../../../environment/scratch-directory';

describe('the lock of a data directory', () => {
  const scratch = createScratchDirectory();
  const runDir = path.join(scratch.path, 'run');
  const file = path.join(runDir, 'stack.lock');
  const lock = <T>(work: () => Promise<T>, waitMs = 5_000) =>
    withStackLock({ runDir, waitMs }, work);
  afterAll(scratch.remove);

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

    expect(readdirSync(runDir)).toEqual([]);
  });

  test.each([
    ['of a process that is gone', { pid: 4_194_300, identity: 'boot:1' }],
    ['whose pid belongs to another process by now', { pid: process.pid, identity: 'boot:1' }],
  ])('is taken over %s, by one of those who wait', async (_, owner) => {
    mkdirSync(runDir, { recursive: true });
    writeFileSync(file, JSON.stringify(owner));
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
    expect(existsSync(file)).toBe(false);
  });

  test('is not waited for without end', async () => {
    const held = lock(() => lock(() => Promise.resolve(), 0));

    await expect(held).rejects.toMatchObject({ code: 'SERVICE_FAILED_TO_START' });
  });
});
