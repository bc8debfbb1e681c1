import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { createCheckout } from './checkout';

/** Ends as its first argument says; otherwise waits for a signal and tells which came. */
const program = `
  const [how, what] = process.argv.slice(2);
  if (how === 'exit') process.exitCode = Number(what);
  else if (how === 'echo') process.stdin.pipe(process.stdout);
  else if (how === 'die') process.kill(process.pid, what);
  else if (how === 'path') process.stdout.write(process.env.PATH);
  else {
    let count = 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        process.stdout.write(signal + ' ' + ++count + '\\n');
        if (signal === 'SIGTERM') process.exit(7);
      });
    }
    setInterval(() => {}, 1_000);
    process.stdout.write('ready\\n');
  }
`;

describe('a program that another Node runs', () => {
  const checkout = createCheckout(program);
  let waiting: ChildProcess | undefined;
  afterEach(() => waiting?.kill('SIGTERM'));
  afterAll(checkout.remove);

  const run = (args: readonly string[], input?: string) =>
    checkout.withOldNode(['bin/churn.mjs', ...args], input);

  it.each([0, 1, 2, 130])('passes its exit code %d on', (code) => {
    expect(run(['exit', String(code)]).status).toBe(code);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGKILL', 137],
    ['SIGTERM', 143],
  ])('ended by %s, exits with %d', (signal, code) => {
    expect(run(['die', signal]).status).toBe(code);
  });

  it('reads the input and writes the output', () => {
    const text = 'a line\n'.repeat(50_000);
    expect(run(['echo'], text).stdout).toBe(text);
  });

  it('starts further programs with that Node', () => {
    const [first] = run(['path']).stdout.split(':');
    expect(process.execPath).toBe(`${first}/node`);
  });

  it('gets each signal once, and is waited for', async () => {
    const child = checkout.startWithOldNode(['bin/churn.mjs', 'wait']);
    waiting = child;
    const lines = linesFrom(child);
    const exited = once(child, 'exit');

    expect(await lines()).toBe('ready');
    child.kill('SIGINT');
    expect(await lines()).toBe('SIGINT 1');
    child.kill('SIGHUP');
    expect(await lines()).toBe('SIGHUP 2');
    child.kill('SIGTERM');
    expect(await lines()).toBe('SIGTERM 3');
    expect(await exited).toEqual([7, null]);
  });
});

/** The next line of a process's output, each time it is called. */
function linesFrom(child: ChildProcess): () => Promise<string> {
  const lines = readline(child)[Symbol.asyncIterator]();
  return async () => (await lines.next()).value ?? 'no more lines';
}

async function* readline({ stdout }: ChildProcess): AsyncGenerator<string, undefined> {
  let text = '';
  for await (const chunk of stdout!) {
    const parts = `${text}${String(chunk)}`.split('\n');
    text = parts.pop() ?? '';
    yield* parts;
  }
}
