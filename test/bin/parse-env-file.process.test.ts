import { execFileSync } from 'node:child_process';
import path from 'node:path';

const script = `
  import { parseEnvFile } from ${JSON.stringify(path.resolve(__dirname, '../../bin/parse-env-file.mjs'))};
  process.stdout.write(JSON.stringify(JSON.parse(process.argv[1]).map(parseEnvFile)));
`;

/** The scripts of bin/ are modules of their own kind: a process of their own runs them. */
function parseAll(texts: readonly string[]): Record<string, string>[] {
  const args = ['--input-type=module', '-e', script, JSON.stringify(texts)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as never;
}

describe('a line of .env', () => {
  const cases: [string, Record<string, string>][] = [
    ['A=1', { A: '1' }],
    ['export A=1', { A: '1' }],
    ['  A = 1  ', { A: '1' }],
    ['A=', { A: '' }],
    ['A="1 # not a comment"', { A: '1 # not a comment' }],
    ["A='1' # a comment", { A: '1' }],
    ['A=1 # a comment', { A: '1' }],
    ['A=1#2', { A: '1#2' }],
    ['A=redis://:p@host:1/0?x=y', { A: 'redis://:p@host:1/0?x=y' }],
    ['A=$B', { A: '$B' }],
    ['# A=1', {}],
    ['not a variable', {}],
    ['A=1\r\nB=2\n\nC=3', { A: '1', B: '2', C: '3' }],
  ];
  const parsed = parseAll(cases.map(([text]) => text));

  test.each(cases.map(([text, expected], index) => ({ text, expected, index })))(
    '$text',
    ({ expected, index }) => {
      expect(parsed[index]).toEqual(expected);
    },
  );
});
