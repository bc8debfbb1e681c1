import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataPaths, type DataPaths } from '../../../../packages/config/data-paths';
import { DATA_LAYOUT } from '../../../../packages/local-services/data-layout/earlier-release';
import { openForWriting } from '../../../../packages/local-services/data-layout/open-for-writing';
import { processIdentity } from '../../../../packages/durable-files/process-identity';
import { writeStackState } from '../../../../packages/local-services/state-file';
import { createScratchDirectory } from '../../../environment/scratch-directory';
import { endProcesses, startIdleProcess } from '../stack-fixture';
import { linksOfDays, movedStore, textsOf, writeFormerStore } from './former-store';

const scratch = createScratchDirectory();
afterAll(() => scratch.remove());

let stores = 0;

function formerStore(): DataPaths {
  const paths = dataPaths(path.join(scratch.path, String((stores += 1))));
  writeFormerStore(paths);
  return paths;
}

const open = (paths: DataPaths) => openForWriting({ dataDir: paths.root });

function expectMoved(paths: DataPaths): void {
  expect(existsSync(paths.formerFeatureRevisions)).toBe(false);
  // Temporary files of the revisions go with their folder; claims remove them.
  const texts = Object.entries(textsOf(paths));
  const visible = texts.filter(([file]) => !file.includes('/.') || file.startsWith('features/'));
  expect(Object.fromEntries(visible)).toEqual(movedStore);
  expect(linksOfDays(paths)).toEqual([2, 2]);
}

describe('a data directory of an earlier release, opened for writing', () => {
  it('has its revisions in a folder of their own, and current days alone in features', async () => {
    const paths = formerStore();
    await open(paths);
    expectMoved(paths);
    await open(paths);
    expectMoved(paths);
  });

  it('is moved once by several that open it at once', async () => {
    const paths = formerStore();
    await Promise.all([open(paths), open(paths), open(paths)]);
    expectMoved(paths);
  });

  it('keeps what is in the new folder already', async () => {
    const paths = formerStore();
    const folder = path.join(paths.featureRevisions, 'year=2024', 'month=01', 'day=01');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'rev-0003.json'), 'new');
    await open(paths);
    const { [`feature_revisions/year=2024/month=01/day=01/rev-0003.json`]: kept, ...rest } =
      textsOf(paths);
    expect(kept).toBe('new');
    expect(rest).toMatchObject(movedStore);
    expect(existsSync(paths.formerFeatureRevisions)).toBe(false);
  });

  it('is moved into a folder that is a link to another one', async () => {
    const paths = formerStore();
    const elsewhere = path.join(scratch.path, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, paths.featureRevisions);
    await open(paths);
    expectMoved(paths);
  });

  it('loses neither of two files that are the same revision', async () => {
    const paths = formerStore();
    const folder = path.join('year=2024', 'month=01', 'day=01');
    const [former, file] = [paths.formerFeatureRevisions, paths.featureRevisions].map((root) =>
      path.join(root, folder, 'rev-0001.parquet'),
    ) as [string, string];
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'of another database');

    const details = { former, file };
    await expect(open(paths)).rejects.toMatchObject({ code: 'REVISIONS_DIFFER', details });

    expect(existsSync(former)).toBe(true);
    expect(textsOf(paths)).toMatchObject({
      [path.relative(paths.root, file)]: 'of another database',
    });
  });
});

describe('a process that is killed while it moves revisions', () => {
  const child = require.resolve('./moving-child.ts');
  const typescriptRequire = path.join(__dirname, '../../../environment/typescript-require.cjs');

  /** One of the files is in its new place already, so that folders can't just be renamed. */
  function putInPlace(paths: DataPaths): void {
    const file = Object.keys(movedStore).find((name) => name.endsWith('rev-0001.json'))!;
    mkdirSync(path.dirname(path.join(paths.root, file)), { recursive: true });
    writeFileSync(path.join(paths.root, file), movedStore[file]!);
  }

  it.each([
    ['in one step', 2, () => {}],
    ['file by file', 15, putInPlace],
  ])(
    '%s, after whichever call, leaves what the next one finishes',
    async (_, callsMin, prepare) => {
      let calls = 0;
      for (let isKilled = true; isKilled;) {
        const paths = formerStore();
        prepare(paths);
        const args = ['-r', typescriptRequire, child, paths.root, String((calls += 1))];
        const { status, signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
        isKilled = signal === 'SIGKILL';
        if (!isKilled) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        await open(paths);
        expectMoved(paths);
      }
      expect(calls).toBeGreaterThan(callsMin);
    },
  );
});

describe('while a process of an earlier release uses the directory', () => {
  const workers: ChildProcess[] = [];

  afterEach(() => {
    for (const worker of workers.splice(0)) worker.kill('SIGKILL');
    endProcesses();
  });

  const state = (child: ChildProcess, fingerprint: string) => ({
    pid: child.pid!,
    identity: processIdentity(child.pid!)!,
    port: 1,
    fingerprint,
  });

  it.each([
    ['worker', 'The worker'],
    ['api', 'The API'],
  ] as const)('moves nothing: %s', async (name, service) => {
    const paths = formerStore();
    const before = textsOf(paths);
    const running = startIdleProcess();
    writeStackState(paths.run, { [name]: state(running, 'ab12') });

    const details = { service, pid: running.pid };
    await expect(open(paths)).rejects.toMatchObject({ code: 'EARLIER_RELEASE_RUNNING', details });
    expect(textsOf(paths)).toEqual(before);

    running.kill('SIGKILL');
    await once(running, 'exit');
    await open(paths);
    expectMoved(paths);
  });

  it('does not mind those of this release', async () => {
    const paths = formerStore();
    const [worker, api] = [startIdleProcess(), startIdleProcess()];
    const fingerprint = `${DATA_LAYOUT}-ab12`;
    writeStackState(paths.run, {
      worker: state(worker, fingerprint),
      api: state(api, fingerprint),
    });
    await open(paths);
    expectMoved(paths);
  });

  /** A worker that nobody's `up` started, as its command line and its ready file show it. */
  function startWorker(paths: DataPaths, ready: object = {}): ChildProcess {
    const file = path.join(paths.root, 'dist', 'worker', 'main.js');
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'setInterval(() => {}, 1000)');
    const worker = spawn(process.execPath, [file], { stdio: 'ignore' });
    workers.push(worker);
    writeReadyFile(paths, { pid: worker.pid, ...ready });
    return worker;
  }

  function writeReadyFile(paths: DataPaths, ready: object): void {
    mkdirSync(paths.run, { recursive: true });
    writeFileSync(path.join(paths.run, 'worker-ready.json'), JSON.stringify(ready));
  }

  it('moves nothing: a worker that was started by hand', async () => {
    const paths = formerStore();
    const { pid } = startWorker(paths);
    await expect(open(paths)).rejects.toMatchObject({
      code: 'EARLIER_RELEASE_RUNNING',
      details: { service: 'The worker', pid },
    });
    expect(existsSync(paths.formerFeatureRevisions)).toBe(true);
  });

  it.each([
    [
      'that says it is of this release',
      (paths: DataPaths) => startWorker(paths, { data_layout: DATA_LAYOUT }),
    ],
    [
      'whose pid is another program by now',
      (paths: DataPaths) => writeReadyFile(paths, { pid: startIdleProcess().pid }),
    ],
    ['that is gone', (paths: DataPaths) => writeReadyFile(paths, { pid: 4_194_300 })],
  ])('does not mind a worker %s', async (_, prepare) => {
    const paths = formerStore();
    prepare(paths);
    await open(paths);
    expectMoved(paths);
  });
});
