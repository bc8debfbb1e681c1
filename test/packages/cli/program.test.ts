import { existsSync } from 'node:fs';
import { read } from '../../repository-files';
import { run } from './command-line';
import { catalogueMessage } from '../../support/catalogue-message';

describe('the command line', () => {
  it('exits 1 with a hint when the services are not running, and makes no data folder', async () => {
    const { code, out, err } = await run('partitions');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^error STACK_NOT_RUNNING: /);
    expect(err).toMatch(catalogueMessage('STACK_NOT_RUNNING'));
    expect(existsSync('no-such-installation')).toBe(false);
  });

  it('gives an error as one document, too, where JSON is asked for', async () => {
    const { code, out, err } = await run('partitions', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      type: 'urn:churn:problem:STACK_NOT_RUNNING',
      title: 'Stack not running',
      status: 503,
      detail: expect.stringMatching(catalogueMessage('STACK_NOT_RUNNING')),
      code: 'STACK_NOT_RUNNING',
      retryable: false,
    });
    expect(err).toMatch(/^error STACK_NOT_RUNNING: .*\n$/);
  });

  it('names a setting that is not valid, after the arguments', async () => {
    const env = { CHURN_API_PORT: 'x' };
    const { code, out } = await run({ env }, 'partitions', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ code: 'INVALID_SETTING' });
    expect(await run({ env }, 'partitions', '--from', 'x')).toMatchObject({ code: 2 });
  });

  it('gives an error that nobody foresaw as a document, too', async () => {
    const env = Object.defineProperty({}, 'DATABASE_URL', {
      get: () => {
        throw new Error('the environment is away');
      },
    });
    const { code, out, err } = await run({ env }, 'partitions', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ code: 'INTERNAL', detail: 'the environment is away' });
    expect(err).toBe('error: the environment is away\n');
  });

  it('takes `--json` after `--` for an argument', async () => {
    const { code, out } = await run('predict', '--', '--json');
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  it('exits 0 for help, of every command', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    expect(out).toMatch(/backfill/);
    expect(await run('backfill', '--help')).toMatchObject({ code: 0, err: '' });
    expect(await run('models', 'show', '--help')).toMatchObject({ code: 0, err: '' });
  });

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(await run('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
    expect(await run('-V')).toMatchObject({ code: 0, out: `${version}\n` });
  });
});
