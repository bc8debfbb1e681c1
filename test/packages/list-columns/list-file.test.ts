import { statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { readListColumnFile } from '../../../packages/list-columns/read-list-file';
import { writeListColumnFile } from '../../../packages/list-columns/write-list-file';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { anyRows, asLists, listRows } from './list-rows-fixture';

const scratch = createScratchDirectory();
const file = path.join(scratch.path, 'some.lists');

afterAll(() => scratch.remove());

describe('a file of lists', () => {
  it('gives the rows back that were written, bit for bit, in as many bytes as it was said to have', async () => {
    await fc.assert(
      fc.asyncProperty(anyRows, fc.nat(9), fc.nat(2), async ({ columns, rows }, cut, words) => {
        const pieces = [rows.slice(0, cut), rows.slice(cut)].map((of) => listRows(of, columns));
        const bytes = await writeListColumnFile(file, pieces);
        expect(statSync(file).size).toBe(bytes);
        const room = new Uint8Array(bytes + 8 * words + 1).subarray(8 * words, 8 * words + bytes);
        const read = await readListColumnFile(file, { rows: rows.length, columns }, room);
        expect(asLists(read)).toEqual(rows);
        expect(read.rows).toBe(rows.length);
      }),
    );
  });

  it('is read even if the event loop does not turn', async () => {
    const list = { offsets: Int32Array.of(0, 1_000), values: new Float64Array(1_000).fill(7) };
    const room = new Uint8Array(await writeListColumnFile(file, [{ rows: 1, lists: [list] }]));
    const reading = readListColumnFile(file, { rows: 1, columns: 1 }, room);
    const deadline = performance.now() + 10_000;
    while (room.at(-1) === 0 && performance.now() < deadline);
    expect(room.at(-1)).not.toBe(0);
    await reading;
  });

  describe('is refused where', () => {
    const rows = [
      [[1, 2], []],
      [[], [3]],
      [[4], [5, 6, 7]],
    ];
    let bytes: number;

    beforeEach(async () => {
      bytes = await writeListColumnFile(file, [listRows(rows, 2)]);
    });

    const read = (size = { rows: 3, columns: 2 }, room = bytes) =>
      readListColumnFile(file, size, new Uint8Array(room));

    it('it is as it was written: it is not', async () => {
      expect(asLists(await read())).toEqual(rows);
    });

    it.each([
      ['fewer rows are expected', { rows: 2, columns: 2 }],
      ['more rows are expected', { rows: 5, columns: 2 }],
      ['fewer columns are expected', { rows: 3, columns: 1 }],
      ['more columns are expected', { rows: 3, columns: 3 }],
    ])('%s', async (_what, size) => {
      await expect(read(size)).rejects.toThrow('is not as it was written');
    });

    it.each([-1, 1])('it is %i byte longer', async (more) => {
      truncateSync(file, bytes + more);
      await expect(read()).rejects.toThrow('is not as it was written');
    });

    it('it is gone', async () => {
      await expect(
        readListColumnFile('nowhere', { rows: 3, columns: 2 }, new Uint8Array(8)),
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
      await expect(read({ rows: 3, columns: 1 }, 40)).rejects.toThrow('is not as it was written');
    });
  });
});
