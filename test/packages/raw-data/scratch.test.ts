import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withScratch } from '../../../packages/raw-data/scratch';
import { createScratchDirectory } from '../../environment/scratch-directory';

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
