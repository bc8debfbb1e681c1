import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { root } from '../../repository-files';

const typescriptRequire = path.join(root, 'test/environment/typescript-require.cjs');
const countModules = path.join(__dirname, 'count-modules.cjs');
const deprecatedCall = path.join(__dirname, 'deprecated-call.cjs');
const main = path.join(root, 'packages/cli/main.ts');

describe('the process of a command line', () => {
  const scratch = createScratchDirectory();
  afterAll(() => scratch.remove());

  const start = (argv: readonly string[], stdout: 'pipe' | number = 'pipe') =>
    spawn(process.execPath, [...preloaded.flatMap((file) => ['-r', file]), main, ...argv], {
      cwd: scratch.path,
      env: { ...process.env, CHURN_DATA_DIR: 'no-such', CHURN_TEST_MODULES: modulesFile },
      stdio: ['ignore', stdout, 'pipe'],
    });
  // With the last one, a command that is said to print nothing prints no warning of Node either.
  const preloaded = [typescriptRequire, countModules, deprecatedCall];
  const modulesFile = path.join(scratch.path, 'modules.txt');

  /** Of the last process: what it loaded of the repository and of which packages. */
  function loadedModules() {
    const files = readFileSync(modulesFile, 'utf8')
      .split('\n')
      .map((file) => path.relative(root, file))
      .filter((file) => !/^test\/|@swc/.test(file));
    const packages = files.flatMap(
      (file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [],
    );
    return { files, packages: new Set(packages) };
  }

  async function endOf(child: ReturnType<typeof start>) {
    let err = '';
    child.stderr?.on('data', (text: Buffer) => (err += text.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, err };
  }

  it('loads for help what the words of the commands need, and nothing else', async () => {
    const child = start(['--help']);
    child.stdout?.resume();
    expect(await endOf(child)).toEqual({ code: 0, err: '' });
    const { files, packages } = loadedModules();
    expect(packages).toEqual(new Set(['commander']));
    expect(files.length).toBeGreaterThan(20);
    expect(files.length).toBeLessThan(70);
  });

  it('loads for the status of what does not run no client of a service', async () => {
    const child = start(['status']);
    child.stdout?.resume();
    expect(await endOf(child)).toEqual({ code: 0, err: '' });
    const { packages } = loadedModules();
    const clients = [
      'postgres',
      'ioredis',
      '@temporalio/client',
      '@duckdb/node-api',
      'drizzle-orm',
    ];
    expect(packages).toContain('class-validator');
    expect(clients.filter((name) => packages.has(name))).toEqual([]);
  });

  it.each([
    [['--help'], 0, ''],
    [['partitions', '--json'], 1, /^error STACK_NOT_RUNNING: .*\n$/],
    [['partitions', '--from', 'x', '--json'], 2, /^error WRONG_USAGE: .*\n$/],
  ] as const)('%j whose reader has left ends as it would have', async (argv, code, err) => {
    const child = start(argv);
    child.stdout?.destroy();
    const end = await endOf(child);
    expect(end).toEqual({ code, err: err === '' ? '' : expect.stringMatching(err) });
  });

  it('whose errors nobody reads ends as it would have', async () => {
    const child = start(['partitions']);
    child.stdout?.resume();
    child.stderr?.destroy();
    expect((await endOf(child)).code).toBe(1);
  });

  it('fails when its result can not be written', async () => {
    const file = path.join(scratch.path, 'read-only.txt');
    writeFileSync(file, '');
    const stdout = openSync(file, 'r');
    const end = await endOf(start(['--help'], stdout));
    closeSync(stdout);
    expect(end).toEqual({
      code: 1,
      err: expect.stringMatching(/^error: The result can't be written: .*\n$/),
    });
  });
});
