import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import { withDuckDb, withScratch } from '../../../packages/raw-data/scratch';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';

describe('a load on a disk that takes nothing', () => {
  const scratch = createScratchDirectory();
  afterAll(() => scratch.remove());

  it.each(['ENOSPC', 'EROFS', 'EDQUOT'])('fails as a problem of the storage: %s', async (code) => {
    const failing = () => Promise.reject(Object.assign(new Error('write'), { code }));
    const load = withScratch(scratch.path, failing);
    await expect(load).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(readdirSync(scratch.path)).toEqual([]);
  });

  it('fails so also where its folder can not be made', async () => {
    const file = path.join(scratch.path, 'file');
    writeFileSync(file, '');
    const load = withScratch(path.join(file, 'scratch'), () => Promise.resolve(1));
    await expect(load).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(existsSync(file)).toBe(true);
  });

  it('leaves other errors as they are', async () => {
    const bug = new TypeError('x');
    await expect(withScratch(scratch.path, () => Promise.reject(bug))).rejects.toBe(bug);
  });
});

describe('work with a DuckDB that is aborted', () => {
  const scratch = createScratchDirectory();
  afterAll(() => scratch.remove());
  const endless = 'SELECT count(*) FROM range(1000000000000) AS r(n) WHERE hash(n) = 1';
  const open = () => openTestDuckDb(scratch.path);

  it.each([
    ['in a query', (duckDb: DuckDb) => duckDb.run(endless)],
    [
      'in a query of another connection',
      async (duckDb: DuckDb) => {
        const single = await duckDb.openSingleThreaded();
        await single.run(endless).finally(() => single.close());
      },
    ],
    [
      'in a query after one whose interruption it took for an answer',
      async (duckDb: DuckDb) => {
        await duckDb.run(endless).catch(() => {});
        await duckDb.run(endless);
      },
    ],
  ])('ends %s, with the reason', async (_where, work) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let isBegun = () => {};
    const begun = new Promise<void>((resolve) => (isBegun = resolve));
    const begin = (duckDb: DuckDb) => {
      isBegun();
      return work(duckDb);
    };
    const aborted = expect(withDuckDb(open, [], begin, controller.signal)).rejects.toBe(reason);
    await begun;
    controller.abort(reason);
    await aborted;
  });

  it('does not begin after the abort', async () => {
    const signal = AbortSignal.abort();
    const work = () => Promise.reject(new Error('It has begun.'));
    await expect(withDuckDb(open, [], work, signal)).rejects.toBe(signal.reason);
  });
});
