import { rmSync } from 'node:fs';
import path from 'node:path';
import { evaluateInModule, read } from '../repository-files';
import { createCheckout } from './checkout';

const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
const range = '^22.12.0 || ^24.0.0 || ^26.0.0';

function verdictsOn(versions: readonly string[], on: string): boolean[] {
  const verdicts = 'input.versions.map((v) => module.isSupported(v, module.linesOf(input.on)))';
  return evaluateInModule('bin/supported-node.mjs', verdicts, { versions, on });
}

describe('a version of Node', () => {
  const cases: [string, boolean][] = [
    ['18.20.8', false],
    ['20.20.2', false],
    ['21.7.3', false],
    ['22.11.0', false],
    ['22.12.0', true],
    ['v22.23.3', true],
    ['23.11.1', false],
    ['24.0.0', true],
    ['24.21.0', true],
    ['25.9.0', false],
    ['26.10.0', true],
    ['27.0.0', false],
    ['2.24.0', false],
    ['24.0.0-rc.1', false],
    ['', false],
  ];
  const verdicts = verdictsOn(
    cases.map(([version]) => version),
    range,
  );

  it.each(cases.map(([version, expected], index) => ({ version, expected, index })))(
    '"$version" is supported: $expected',
    ({ expected, index }) => {
      expect(verdicts[index]).toBe(expected);
    },
  );
});

describe('the range in package.json', () => {
  it('is of the form that the scripts read, and holds this Node', () => {
    expect(verdictsOn([process.versions.node], engines.node)).toEqual([true]);
  });

  it('is refused in another form', () => {
    const message = '(() => { try { module.linesOf(input) } catch (e) { return e.message } })()';
    expect(evaluateInModule('bin/supported-node.mjs', message, '>=22')).toBe(
      'package.json: engines.node has ">=22"',
    );
  });

  it('is put into words', () => {
    const words = 'module.inWords(module.linesOf(input))';
    expect(evaluateInModule('bin/supported-node.mjs', words, range)).toBe(
      '22 (22.12 or later), 24 or 26',
    );
  });
});

describe('a Node that is not supported', () => {
  const checkout = createCheckout(
    'process.stdout.write(JSON.stringify([process.execPath, process.argv.slice(2)]));',
  );
  afterAll(checkout.remove);

  it('hands over to the recorded one', () => {
    const { stdout, status } = checkout.withOldNode(['bin/churn.mjs', 'status', '--json', 'a b']);

    expect(JSON.parse(stdout)).toEqual([process.execPath, ['status', '--json', 'a b']]);
    expect(status).toBe(0);
  });

  it('does so for any script', () => {
    const { stdout } = checkout.withOldNode(['bin/node.mjs', 'dist/packages/cli/main.js', '-x']);

    expect(JSON.parse(stdout)).toEqual([process.execPath, ['-x']]);
  });

  it('names the folder of the recorded one', () => {
    const { stdout } = checkout.withOldNode(['bin/node.mjs', '--folder']);

    expect(stdout).toBe(`${path.dirname(process.execPath)}\n`);
  });

  it('says what to do where none was recorded', () => {
    rmSync(checkout.inside('node_modules/.churn-node'));

    const { stdout, stderr, status } = checkout.withOldNode(['bin/churn.mjs', 'status']);

    expect(stderr).toMatch(/^churn: Node \S+ is not supported: .* 24 .* Run `make setup`/);
    expect([stdout, status]).toEqual(['', 1]);
  });

  it('says so too where the recorded one is gone', () => {
    checkout.write('node_modules/.churn-node', '/nowhere/node\n');

    const { stderr, status } = checkout.withOldNode(['bin/node.mjs', 'x.js']);

    expect(stderr).toContain('Run `make setup`');
    expect(status).toBe(1);
  });
});
