import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { stopProcess } from '../../../packages/local-services/processes/detached-process';
import {
  isEnding,
  isSameProcess,
  processIdentity,
} from '../../../packages/durable-files/process-identity';
import { endProcesses, startIdleProcess } from '../local-services/stack-fixture';

afterEach(endProcesses);

describe('the identity of a process', () => {
  test('stays the same while it runs, and ends with it', async () => {
    const child = startIdleProcess();
    const pid = child.pid!;
    const identity = processIdentity(pid)!;

    expect(processIdentity(pid)).toBe(identity);
    expect(isSameProcess(pid, identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(processIdentity(pid)).toBeUndefined();
    expect(isSameProcess(pid, identity)).toBe(false);
  });

  test('nothing recorded is no process', () => {
    expect(isSameProcess(null, null)).toBe(false);
    expect(isSameProcess(process.pid, null)).toBe(false);
  });
});

describe('a process that was killed', () => {
  test('is ending or gone soon, not alive until the kernel is done with it', () => {
    if (process.platform !== 'linux') return;
    for (let round = 0; round < 20; round += 1) {
      const pid = startIdleProcess().pid!;
      expect(isEnding(pid)).toBe(false);

      process.kill(pid, 'SIGKILL');

      // In this order: it may be gone in between. Between taking the signal and marking the process
      // as ending the kernel shows neither, for as long as it has the process wait for a processor.
      const isOver = () => isEnding(pid) || processIdentity(pid) === undefined;
      expect(Array.from({ length: 200 }, isOver)).toContain(true);
    }
  });

  test('is there until its last thread has ended, which may be long after the first', () => {
    if (process.platform !== 'linux') return;
    for (let round = 0; round < 10; round += 1) {
      const pid = startIdleProcess().pid!;
      const identity = processIdentity(pid);
      while (threadsOf(pid).length < 5);

      process.kill(pid, 'SIGKILL');

      while (processIdentity(pid) === identity);
      expect(threadsOf(pid).filter((thread) => thread !== String(pid))).toEqual([]);
    }
  });
});

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

describe('stopping a process', () => {
  test('asks first', async () => {
    const child = startIdleProcess();
    const exit = once(child, 'exit');
    const identity = processIdentity(child.pid!)!;

    await stopProcess({ pid: child.pid!, identity, signal: 'SIGTERM', deadlineMs: 5_000 });

    expect(await exit).toEqual([null, 'SIGTERM']);
  });

  test('kills what does not listen', async () => {
    const child = startIdleProcess();
    const exit = once(child, 'exit');
    const identity = processIdentity(child.pid!)!;

    // SIGWINCH is ignored by default, as a stubborn process ignores SIGTERM.
    await stopProcess({ pid: child.pid!, identity, signal: 'SIGWINCH', deadlineMs: 100 });

    expect(await exit).toEqual([null, 'SIGKILL']);
  });

  test('leaves a stranger alone', async () => {
    const child = startIdleProcess();

    await stopProcess({ pid: child.pid!, identity: 'other', signal: 'SIGKILL', deadlineMs: 100 });

    expect(processIdentity(child.pid!)).toBeDefined();
  });
});
