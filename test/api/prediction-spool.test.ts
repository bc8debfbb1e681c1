import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { processHost } from '../../packages/durable-files';
import type { LoggedPrediction } from '../../packages/contracts/predictions';
import {
  filePredictionSpool,
  type PredictionSpool,
  type PredictionSpoolOptions,
} from '../../api/predict/prediction-spool';
import { createScratchDirectory } from '../environment/scratch-directory';
import { features, recordingLogger, silentLogger } from './test-api';

function row(number: number): LoggedPrediction {
  return {
    predictionId: `00000000-0000-4000-8000-${`${number}`.padStart(12, '0')}`,
    userId: `u${number}\n"`,
    modelVersion: 'v001',
    featureTime: '2026-03-01T00:00:00.000000Z',
    knownAt: '2026-03-01T01:00:00.000000Z',
    revision: 1,
    features,
    churnProbability: 0.1 + 0.2,
    predictedAt: '2026-03-01T06:00:00.000000Z',
  };
}

describe('the prediction spool', () => {
  let scratch: ReturnType<typeof createScratchDirectory>;
  let logsDir: string;
  let folder: string;
  let spools: PredictionSpool[];
  beforeEach(() => {
    scratch = createScratchDirectory();
    logsDir = path.join(scratch.path, 'logs');
    folder = path.join(logsDir, 'predictions-spool');
    spools = [];
  });
  afterEach(async () => {
    for (const spool of spools) await spool.close();
    scratch.remove();
  });

  /** As a process that has started; it lives until it is closed. */
  async function start(changes: Partial<PredictionSpoolOptions> = {}): Promise<PredictionSpool> {
    const options = { logsDir, diskPercent: 100, logger: silentLogger, ...changes };
    const spool = filePredictionSpool(options);
    spools.push(spool);
    await spool.survey();
    return spool;
  }

  async function loadAll(spool: PredictionSpool): Promise<LoggedPrediction[]> {
    const rows: LoggedPrediction[] = [];
    const collect = async (batch: readonly LoggedPrediction[]) => void rows.push(...batch);
    while (await spool.loadOldest(collect));
    return rows;
  }

  const filesOf = (kind: string) => readdirSync(folder).filter((name) => name.endsWith(kind));
  /** The name of a file, changed so that it says it is of another process. */
  const asOf = (owner: string, name: string) =>
    name.replace(/\.[\w-]+\.\d+\.\w+\.\w+\.jsonl$/, `.${owner}.jsonl`);
  const HOST = processHost().replaceAll(/[^\w-]/g, '-');
  const GONE = `${HOST}.${process.pid}.00000000.0000000a`;
  /** A container that shares the name of this machine, and has pids of its own. */
  const SIBLING = `${HOST}-4026599999`;
  const ELSEWHERE = 'another-host.1.00000000.0000000b';

  it('hands over exactly what was appended, in order and once, and leaves no file', async () => {
    const spool = await start();
    await spool.append([row(1), row(2)]);
    await spool.append([row(3)]);
    expect([spool.waiting, spool.counts]).toEqual([3, { dropped: 0, spooled: 3 }]);
    expect(await loadAll(spool)).toEqual([row(1), row(2), row(3)]);
    expect([spool.waiting, filesOf('.jsonl')]).toEqual([0, []]);
    await spool.append([row(4)]);
    expect(await loadAll(spool)).toEqual([row(4)]);
  });

  it('hands over what a process that has ended left, before its own', async () => {
    const before = await start();
    await before.append([row(1)]);
    await before.close();
    const spool = await start();
    expect(spool.waiting).toBe(1);
    await spool.append([row(2)]);
    expect(await loadAll(spool)).toEqual([row(1), row(2)]);
  });

  it('keeps to files of its own while other processes live', async () => {
    const [one, other] = [await start(), await start()];
    await one.append([row(1)]);
    await other.append([row(2)]);
    const third = await start();
    expect([one.waiting, other.waiting, third.waiting]).toEqual([1, 1, 0]);
    expect(await loadAll(third)).toEqual([]);
    expect(await loadAll(other)).toEqual([row(2)]);
    expect(await loadAll(one)).toEqual([row(1)]);
  });

  it('takes over a file that a killed process had not finished, and leaves out the line that was cut short', async () => {
    const killed = await start();
    await killed.append([row(1), row(2)]);
    const [name = ''] = filesOf('.jsonl');
    renameSync(path.join(folder, name), path.join(folder, asOf(GONE, name)));
    appendFileSync(path.join(folder, asOf(GONE, name)), '{"predictionId":"0000');
    const { logger, entries } = recordingLogger();
    const spool = await start({ logger });
    expect(spool.waiting).toBe(3);
    expect(await loadAll(spool)).toEqual([row(1), row(2)]);
    expect(entries).toContainEqual(expect.objectContaining({ unreadable: 1 }));
    expect(spool.waiting).toBe(0);
  });

  it('leaves out lines that are no predictions', async () => {
    mkdirSync(folder, { recursive: true });
    const name = `0000000000001-000001.open.${GONE}.jsonl`;
    writeFileSync(path.join(folder, name), `null\n7\n{}\n${JSON.stringify(row(1))}\n`);
    expect(await loadAll(await start())).toEqual([row(1)]);
  });

  it.each([
    ['of another machine', ELSEWHERE],
    ['in another container', `${SIBLING}.${process.pid}.00000000.0000000b`],
  ])('takes over a file of a process %s once it has not changed for a minute', async (_, owner) => {
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `0000000000001-000001.1.${owner}.jsonl`);
    writeFileSync(file, `${JSON.stringify(row(1))}\n`);
    expect((await start()).waiting).toBe(0);
    const before = new Date(Date.now() - 61_000);
    utimesSync(file, before, before);
    expect((await start()).waiting).toBe(1);
  });

  it('shows other machines that it lives, by every file that it holds', async () => {
    mkdirSync(folder, { recursive: true });
    const age = () => {
      for (const name of readdirSync(folder)) utimesSync(path.join(folder, name), 1, 1);
    };
    const text = `${JSON.stringify(row(1))}\n`;
    writeFileSync(path.join(folder, `0000000000001-000001.1.${ELSEWHERE}.jsonl`), text);
    for (const id of ['0000000c', '0000000d']) {
      const file = path.join(folder, `counts.${id}.${ELSEWHERE}.json`);
      writeFileSync(file, JSON.stringify({ dropped: 1, spooled: 0 }));
    }
    age();
    const spool = await start({ surveyIntervalMs: 0 });
    await spool.append([row(2)]);
    const youngest = () =>
      readdirSync(folder).filter((name) => statSync(path.join(folder, name)).mtimeMs > 1_000);
    expect(youngest()).toHaveLength(4);
    age();
    await spool.survey();
    expect(youngest()).toHaveLength(4);
  });

  it('counts once what another machine took from it and left again', async () => {
    mkdirSync(folder, { recursive: true });
    const text = `${JSON.stringify(row(1))}\n`;
    writeFileSync(path.join(folder, `0000000000001-000001.1.${GONE}.jsonl`), text);
    for (const id of ['0000000c', '0000000d']) {
      const file = path.join(folder, `counts.${id}.${GONE}.json`);
      writeFileSync(file, JSON.stringify({ dropped: 1, spooled: 0 }));
    }
    const spool = await start({ surveyIntervalMs: 0 });
    const counted = () => [spool.waiting, spool.counts.dropped];
    expect(counted()).toEqual([1, 2]);
    for (const name of readdirSync(folder)) {
      const taken = name.replace(/\.[\w-]+\.\d+\.\w+\.\w+\.(jsonl?)$/, `.${ELSEWHERE}.$1`);
      renameSync(path.join(folder, name), path.join(folder, taken));
      utimesSync(path.join(folder, taken), 1, 1);
    }
    await spool.survey();
    expect(counted()).toEqual([1, 2]);
    expect(await loadAll(spool)).toEqual([row(1)]);
  });

  it('keeps the files of processes that began them at the same moment', async () => {
    mkdirSync(folder, { recursive: true });
    for (const number of [1, 2, 3]) {
      const owner = GONE.replace(/.$/, `${number}`);
      const name = `0000000000001-000001.${number === 3 ? 'open' : '1'}.${owner}.jsonl`;
      writeFileSync(path.join(folder, name), `${JSON.stringify(row(number))}\n`);
    }
    const spool = await start();
    expect(spool.waiting).toBe(3);
    expect(await loadAll(spool)).toEqual([row(1), row(2), row(3)]);
  });

  it('takes over the files of a process whose pid another one has by now', async () => {
    mkdirSync(folder, { recursive: true });
    const owner = `${processHost().replaceAll(/[^\w-]/g, '-')}.1.deadbeef.00000001`;
    const name = `0000000000001-000001.1.${owner}.jsonl`;
    writeFileSync(path.join(folder, name), `${JSON.stringify(row(1))}\n`);
    expect(await loadAll(await start())).toEqual([row(1)]);
  });

  it('hands over a file that could not be read once it can be', async () => {
    const spool = await start({ surveyIntervalMs: 0, segmentBytes: 1 });
    await spool.append([row(1)]);
    await spool.append([row(2)]);
    const [name = ''] = filesOf('.jsonl').sort();
    const file = path.join(folder, name);
    renameSync(file, path.join(folder, 'aside'));
    mkdirSync(file);
    expect(await loadAll(spool)).toEqual([row(2)]);
    rmSync(file, { recursive: true });
    renameSync(path.join(folder, 'aside'), file);
    await spool.survey();
    expect(spool.waiting).toBe(1);
    expect(await loadAll(spool)).toEqual([row(1)]);
  });

  it('takes over the other files when one of them can not be', async () => {
    mkdirSync(folder, { recursive: true });
    const nameOf = (number: number) => `0000000000001-00000${number}.1.${GONE}.jsonl`;
    for (const number of [1, 3]) {
      writeFileSync(path.join(folder, nameOf(number)), `${JSON.stringify(row(number))}\n`);
    }
    symlinkSync(nameOf(2), path.join(folder, nameOf(2)));
    const counts = `counts.00000001.${GONE}.json`;
    symlinkSync(counts, path.join(folder, counts));
    const { logger, entries } = recordingLogger();
    expect(await loadAll(await start({ logger }))).toEqual([row(1), row(3)]);
    expect(entries).toContainEqual(expect.objectContaining({ level: 40 }));
  });

  it('goes on in another file when one can not be closed', async () => {
    const spool = await start();
    await spool.append([row(1)]);
    const [name = ''] = filesOf('.jsonl');
    const isOfSegment = (fd: string) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).endsWith(name);
      } catch {
        return false;
      }
    };
    closeSync(Number(readdirSync('/proc/self/fd').find(isOfSegment)));
    expect(await loadAll(spool)).toEqual([row(1)]);
    await spool.append([row(2)]);
    expect(await loadAll(spool)).toEqual([row(2)]);
  });

  it('writes again what it wrote to a file that another process took for abandoned', async () => {
    const spool = await start();
    await spool.append([row(1)]);
    const [name = ''] = filesOf('.jsonl');
    renameSync(path.join(folder, name), path.join(folder, asOf(GONE, name)));
    await spool.append([row(2)]);
    const other = await start();
    expect(await loadAll(other)).toEqual([row(1), row(2)]);
    expect(await loadAll(spool)).toEqual([row(2)]);
  });

  it('goes on when somebody has removed its folder', async () => {
    const spool = await start();
    await spool.append([row(1)]);
    rmSync(folder, { recursive: true });
    await spool.append([row(2)]);
    expect(await loadAll(spool)).toEqual([row(2)]);
  });

  it('begins another file when one is large enough, and hands them over one by one', async () => {
    const spool = await start({ segmentBytes: 1 });
    for (const number of [1, 2, 3]) await spool.append([row(number)]);
    expect(filesOf('.jsonl')).toHaveLength(3);
    const seen: number[] = [];
    while (await spool.loadOldest(async (rows) => void seen.push(rows.length)));
    expect(seen).toEqual([1, 1, 1]);
  });

  it('keeps a file until all of it was taken', async () => {
    const spool = await start();
    await spool.append([row(1)]);
    const failing = spool.loadOldest(async () => {
      throw new Error('still down');
    });
    await expect(failing).rejects.toThrow('still down');
    expect(spool.waiting).toBe(1);
    expect(await loadAll(spool)).toEqual([row(1)]);
  });

  it('keeps what is appended while a file is handed over', async () => {
    const spool = await start();
    await spool.append([row(1)]);
    await spool.loadOldest(() => spool.append([row(2)]));
    expect(await loadAll(spool)).toEqual([row(2)]);
  });

  it('takes over the files of the release before, first', async () => {
    mkdirSync(logsDir);
    const text = (number: number) => `${JSON.stringify(row(number))}\n`;
    writeFileSync(path.join(logsDir, 'predictions-spool.jsonl'), text(2) + text(3));
    writeFileSync(path.join(logsDir, `predictions-spool.${randomUUID()}.jsonl`), text(1));
    const spool = await start();
    await spool.append([row(4)]);
    expect(spool.waiting).toBe(4);
    expect(await loadAll(spool)).toEqual([row(1), row(2), row(3), row(4)]);
    expect(readdirSync(logsDir)).toEqual(['predictions-spool']);
  });

  it('is files that only their owner reads', async () => {
    const spool = await start();
    await spool.append([row(1)]);
    spool.countDropped(1);
    await spool.close();
    for (const name of readdirSync(folder)) {
      expect(statSync(path.join(folder, name)).mode & 0o777).toBe(0o600);
    }
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('keeps its counts for the process that comes after, which adds to them', async () => {
    for (const dropped of [1, 10, 100]) {
      const spool = await start();
      spool.countDropped(dropped);
      await spool.append([row(dropped)]);
      await spool.close();
    }
    expect((await start()).counts).toEqual({ dropped: 111, spooled: 3 });
    expect(filesOf('.json')).toHaveLength(1);
  });

  it('adds up counts of several processes that are gone, and leaves those of one that lives', async () => {
    const three = [await start(), await start(), await start()];
    for (const [index, spool] of three.entries()) {
      spool.countDropped(10 ** index);
      if (index < 2) await spool.close();
    }
    const spool = await start();
    expect(spool.counts.dropped).toBe(11);
    spool.countDropped(1_000);
    expect([spool.counts.dropped, three[2]?.counts.dropped]).toEqual([1_011, 100]);
    await spool.close();
    expect((await start()).counts.dropped).toBe(1_011);
  });

  it('says at once that its folder can not be written, keeps the counts, and goes on once it can', async () => {
    writeFileSync(logsDir, 'a file in the place of the folder');
    const { logger, entries } = recordingLogger();
    const spool = await start({ logger });
    expect(spool.problem).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(entries).toEqual([expect.objectContaining({ level: 50 })]);
    await expect(spool.append([row(1)])).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    spool.countDropped(2);
    expect([spool.waiting, spool.counts]).toEqual([0, { dropped: 2, spooled: 0 }]);
    rmSync(logsDir);
    const later = await start({ logger });
    expect(later.problem).toBeUndefined();
  });

  it('takes nothing while more of the disk is in use than it may be', async () => {
    const spool = await start({ diskPercent: 0 });
    expect(spool.problem?.message).toContain('CHURN_SPOOL_DISK_PERCENT');
    await expect(spool.append([row(1)])).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect([spool.waiting, filesOf('.jsonl')]).toEqual([0, []]);
  });
});
