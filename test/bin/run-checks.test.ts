import { evaluateInModule, root } from '../repository-files';

interface Outcome {
  readonly counts: { passed: number; failed: number };
  readonly text: string;
}

/** Checks whose scripts are given as text. */
function runChecks(checks: readonly { name: string; code: string }[], atOnce: number): Outcome {
  return evaluateInModule(
    'bin/checks/run-checks.mjs',
    `await (async () => {
      let text = '';
      const write = (more) => (text += more);
      const counts = await module.runChecks(input.checks, { ...input, write });
      return { counts, text: text.replace(/\\(\\d+\\.\\d s\\)/g, '(… s)') };
    })()`,
    {
      checks: checks.map(({ name, code }) => ({ name, script: '-e', args: [code] })),
      folder: root,
      atOnce,
    },
  );
}

const good = { name: 'good', code: `console.log('fine')` };
const bad = { name: 'bad', code: `process.stderr.write('no newline'); process.exitCode = 3` };
const killed = { name: 'killed', code: `process.kill(process.pid, 'SIGKILL')` };

describe('checks that run', () => {
  it('one at a time, all run, and each says what it said and how it went', () => {
    expect(runChecks([bad, killed, good], 1)).toEqual({
      counts: { passed: 1, failed: 2 },
      text: [
        'no newline',
        'bad: FAILED (… s)',
        'killed: FAILED (… s)',
        'fine',
        'good: ok (… s)',
        '1 checks passed, 2 failed',
        '',
      ].join('\n'),
    });
  });

  it('some at once count as much', () => {
    expect(runChecks([good, bad, good, good], 2).counts).toEqual({ passed: 3, failed: 1 });
  });
});
