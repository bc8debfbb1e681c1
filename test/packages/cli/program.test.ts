import { runCommandLine } from '../../../packages/cli/program';

/** A command line with nothing behind it: an empty data folder, no services. */
async function run(...argv: string[]) {
  const written = { out: '', err: '' };
  const terminal = {
    out: (text: string) => void (written.out += text),
    err: (text: string) => void (written.err += text),
    clock: () => 0,
    isInteractive: false,
  };
  const code = await runCommandLine(argv, {
    env: { CHURN_DATA_DIR: 'no-such-installation' },
    terminal,
  });
  return { code, ...written };
}

describe('the command line', () => {
  it.each([
    ['a command that does not exist', ['prophesy'], /unknown command/],
    ['a date that does not exist', ['run-day', '2024-02-30'], /February 2024 has 29 days/],
    ['a missing option', ['backfill', '--from', '2024-01-01'], /--to/],
    [
      'a word that is none of a few',
      ['backfill', '--from', '2024-01-01', '--to', '2024-01-02', '--reprocess', 'completed'],
      /missing, missing-and-failed, all/,
    ],
    ['a moment that is none', ['features', '--user', 'u1', '--at', 'noon'], /ISO 8601/],
    ['an empty user id', ['predict', ''], /not empty/],
    ['a negative count', ['at-risk', '--limit', '-1'], /whole number/],
    [
      'a range that ends before it begins',
      ['partitions', '--from', '2024-02-01', '--to', '2024-01-01'],
      /ends before/,
    ],
  ])('exits 2 for %s, says what is wrong, and prints nothing', async (_what, argv, message) => {
    const { code, out, err } = await run(...argv);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(out).toBe('');
  });

  it('exits 1 with a hint when the services are not running', async () => {
    const { code, out, err } = await run('partitions', '--json');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/STACK_NOT_RUNNING.*churn up/);
  });

  it('exits 0 for help, of every command', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    expect(out).toMatch(/backfill/);
    expect(await run('backfill', '--help')).toMatchObject({ code: 0, err: '' });
  });
});
