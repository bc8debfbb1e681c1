import { createInterruptListener } from '../../../packages/cli/interruptions';

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
