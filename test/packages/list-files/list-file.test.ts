import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { readListFile, writeListFile } from '../../../packages/list-files';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { anyRows, asLists, listRows } from './list-rows-fixture';

const scratch = createScratchDirectory();
const file = path.join(scratch.path, 'some.lists');

afterAll(() => scratch.remove());

describe('a file of lists', () => {
  it('gives the rows back that were written, bit for bit, in as many bytes as it was said to have', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.nat(3), async ({ columns, rows }, spare) => {
        const written = listRows(rows, columns);
        const bytes = await writeListFile(file, written);
        const room = new Uint8Array(bytes + spare).subarray(0, bytes);
        const read = await readListFile(file, { rows: rows.length, columns }, room);
        expect(asLists(read)).toEqual(rows);
        expect(read.rows).toBe(rows.length);
      }),
    );
  });

  describe('is refused where', () => {
    const rows = [
      [[1, 2], []],
      [[], [3]],
      [[4], [5, 6, 7]],
    ];
    let bytes: number;

    beforeEach(async () => {
      bytes = await writeListFile(file, listRows(rows, 2));
    });

    const read = (size = { rows: 3, columns: 2 }, room = bytes) =>
      readListFile(file, size, new Uint8Array(room));

    it('it is as it was written: it is not', async () => {
      expect(asLists(await read())).toEqual(rows);
    });

    it.each([
      ['fewer rows are expected', { rows: 2, columns: 2 }],
      ['more rows are expected', { rows: 5, columns: 2 }],
      ['fewer columns are expected', { rows: 3, columns: 1 }],
      ['more columns are expected', { rows: 3, columns: 3 }],
    ])('%s', async (_what, size) => {
      await expect(read(size)).rejects.toThrow('has other rows than expected');
    });

    it('it is torn', async () => {
      truncateSync(file, bytes - 1);
      await expect(read()).rejects.toThrow('is shorter than expected');
    });

    it('it is gone', async () => {
      await expect(
        readListFile('nowhere', { rows: 3, columns: 2 }, new Uint8Array(8)),
      ).rejects.toThrow('ENOENT');
    });

    it.each([
      ['begin elsewhere', [1, 2, 2, 3]],
      ['go back', [0, 2, 1, 3]],
      ['end before the beginning', [0, 0, 0, -1]],
      ['end behind the file', [0, 2, 2, 1_000]],
    ])('its offsets %s', async (_what, offsets) => {
      const values = [1, 2, 4];
      const numbers = [Int32Array.from(offsets), Float64Array.from(values)];
      writeFileSync(file, Buffer.concat(numbers.map(({ buffer }) => Buffer.from(buffer))));
      await expect(read({ rows: 3, columns: 1 }, 40)).rejects.toThrow('has other rows');
    });
  });
});
