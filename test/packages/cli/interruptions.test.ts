import { createInterruptListener } from '../../../packages/cli/interruptions';
import { runCommand } from '../../../packages/cli/run-command';
import type { Terminal } from '../../../packages/cli/terminal';

describe('Ctrl-C', () => {
  it.each([
    ['asks once to stop', [0], ['note', 'stop']],
    ['is the same key when npm passes it on', [0, 3, 500], ['note', 'stop']],
    ['ends the process the second time', [0, 3, 501], ['note', 'stop', 'exit 130']],
  ])('%s', (_what, times, expected) => {
    const done: string[] = [];
    let now = 0;
    const interrupt = createInterruptListener({
      clock: () => now,
      stop: () => done.push('stop'),
      note: () => done.push('note'),
      exit: (code) => done.push(`exit ${code}`),
    });
    for (now of times) interrupt();
    expect(done).toEqual(expected);
  });
});

describe('a command', () => {
  const terminal: Terminal = {
    out: () => undefined,
    err: () => undefined,
    clock: () => 0,
    isInteractive: false,
  };

  it.each([
    ['that stops when it is asked to', true, 1],
    ['that looks at no signal, so that it ends at once', false, 0],
  ])('%s', async (_what, isCancellable, listeners) => {
    const before = process.listenerCount('SIGINT');
    let added = NaN;
    const action = () => {
      added = process.listenerCount('SIGINT') - before;
      return Promise.resolve({ document: {}, text: '' });
    };
    const load = () => Promise.resolve(action);
    await runCommand({ isJson: false, isCancellable, load }, { env: {}, terminal, now: () => 0n });
    expect(added).toBe(listeners);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});
