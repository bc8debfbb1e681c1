import { createProgressLine } from '../../../packages/cli/terminal';

/** A line on something that is no terminal, with a clock that stands far apart between two steps. */
function openLine({ isInteractive = false, step = 10_000 } = {}) {
  let written = '';
  let now = 0;
  const line = createProgressLine({
    out: () => {},
    err: (text) => void (written += text),
    clock: () => (now += step),
    isInteractive,
  });
  return { line, written: () => written };
}

describe('progress', () => {
  it('is not shown before there is a step to name', () => {
    const { line, written } = openLine();
    line.show('', 0, 6);
    line.show('generate_data', 0, 6);
    expect(written()).toBe('generate_data  0/6\n');
  });

  it('never counts backwards within a step, and starts afresh with the next', () => {
    const { line, written } = openLine();
    for (const done of [9, 10, 9, 11]) line.show('backfill b1', done, 181);
    line.show('sync', 0, 5);
    expect(written()).toBe(
      [
        'backfill b1  9/181\n',
        'backfill b1  10/181, 29 min left\n',
        'backfill b1  11/181, 43 min left\n',
        'sync  0/5\n',
      ].join(''),
    );
  });

  it('comes no more often than every two seconds elsewhere than on a terminal, but for the end', () => {
    const { line, written } = openLine({ step: 1 });
    for (const done of [1, 2, 3]) line.show('sync', done, 3);
    expect(written()).toBe('sync  1/3\nsync  3/3\n');
  });

  it('says how long a step will take at its pace, once that is known', () => {
    const { line, written } = openLine({ step: 4_000 });
    for (const done of [100, 200, 300, 900, 1_000]) line.show('copying users', done, 1_000);
    line.show('reading users', 5_000);
    line.show('reading users', 7_000);
    expect(written().split('\n')).toEqual([
      'copying users  100/1000',
      'copying users  200/1000', // After four seconds.
      'copying users  300/1000, 28 s left',
      'copying users  900/1000, 2 s left',
      'copying users  1000/1000',
      'reading users  5000',
      'reading users  7000',
      '',
    ]);
  });

  it('overwrites its own line on a terminal', () => {
    const { line, written } = openLine({ isInteractive: true });
    line.show('sync', 1, 2);
    line.show('sync', 2, 2);
    line.end();
    line.end();
    expect(written()).toBe('\r\u001b[Ksync  1/2\r\u001b[Ksync  2/2\n');
  });
});

describe('a note beside progress', () => {
  const written = (isInteractive: boolean) => {
    let text = '';
    const terminal = {
      out: () => {},
      err: (more: string) => void (text += more),
      clock: () => 0,
      isInteractive,
    };
    const line = createProgressLine(terminal);
    line.show('train_model', 4, 6);
    line.note('train_model: attempt 2 failed');
    line.show('train_model', 4, 6);
    line.end();
    return text;
  };

  it('takes the place of the line on a terminal, and stays when progress goes on', () => {
    expect(written(true)).toBe(
      '\r\u001b[Ktrain_model  4/6\r\u001b[Ktrain_model: attempt 2 failed\n\r\u001b[Ktrain_model  4/6\n',
    );
  });

  it('is a line of its own elsewhere', () => {
    expect(written(false)).toBe('train_model  4/6\ntrain_model: attempt 2 failed\n');
  });
});
