import { createBoundedTasks } from '../../../packages/bounded-tasks/bounded-tasks';

describe('bounded tasks', () => {
  it('never runs more than the limit side by side, and runs all', async () => {
    const tasks = createBoundedTasks(3);
    let running = 0;
    let most = 0;
    let done = 0;
    for (let index = 0; index < 20; index += 1) {
      await tasks.add(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
        done += 1;
      });
    }
    await tasks.drain();
    expect([most, done]).toEqual([3, 20]);
  });

  it('reports the first failure and starts nothing after it', async () => {
    const tasks = createBoundedTasks(1);
    await tasks.add(() => Promise.reject(new Error('first')));
    let started = false;
    await expect(
      tasks.add(async () => {
        started = true;
      }),
    ).rejects.toThrow('first');
    expect(started).toBe(false);
    await expect(tasks.drain()).rejects.toThrow('first');
  });
});
