import {
  countFoldersToMerge,
  firstRunToMerge,
  FULL_RUN_BYTES,
  isMergeDue,
} from '../../../../packages/raw-data/log/plan-merge';
import { cutPeriods } from '../../../../packages/raw-data/log/write-run';

describe('a merge', () => {
  it('is due for sixteen folders, or for much in fewer', () => {
    expect(isMergeDue([])).toBe(false);
    expect(isMergeDue(Array.from({ length: 15 }, () => 1))).toBe(false);
    expect(isMergeDue(Array.from({ length: 16 }, () => 1))).toBe(true);
    expect(isMergeDue([2 ** 21 - 1])).toBe(false);
    expect(isMergeDue([2 ** 20, 2 ** 20])).toBe(true);
  });

  it.each([
    ['nothing there is', [], 10, 0],
    ['a run, where five times as much is new', [10], 50, 0],
    ['not one that is larger', [11], 50, 1],
    ['all after the first that is small enough', [13, 10, 40], 10, 1],
    ['the oldest, where what follows adds up', [10, 10, 10, 10, 10], 10, 0],
    ['none that is full, nor any before it', [1, FULL_RUN_BYTES, 5], FULL_RUN_BYTES * 9, 2],
  ])('takes %s', (_what, runs, added, expected) => {
    expect(firstRunToMerge(runs, added)).toBe(expected);
  });

  it.each([
    ['all there are', 9, 0, 9],
    ['so many at a time', 300, 0, 256],
    ['all before a run, however many', 300, 400, 300],
    ['more, where a run ends between two of them', 400, 299.5, 299],
  ])('takes of folders %s', (_what, folders, lastMerged, expected) => {
    const batches = Array.from({ length: folders }, (_, index) => index + 1);
    expect(countFoldersToMerge(batches, lastMerged)).toBe(expected);
  });

  it('writes little again, and leaves few runs, of 1,100 loads alike', () => {
    let runs: number[] = [];
    let written = 0;
    let most = 0;
    for (let load = 0; load < 1_100; load += 16) {
      const from = firstRunToMerge(runs, 16);
      const run = runs.slice(from).reduce((sum, bytes) => sum + bytes, 16);
      written += run;
      runs = [...runs.slice(0, from), run];
      most = Math.max(most, runs.length);
    }
    expect(runs.reduce((sum, bytes) => sum + bytes)).toBe(1_104);
    expect(written / 1_104).toBeLessThan(4.5);
    expect(most).toBeLessThan(16);
  });
});

describe('cuts by time', () => {
  it('end where a period does that follows enough rows, and have no gap', () => {
    const periods = [5, 5, 1, 20, 3].map((rows, index) => ({ start: BigInt(index) * 30n, rows }));
    expect(cutPeriods(periods, 10)).toEqual([
      { from: undefined, until: 60n },
      { from: 60n, until: 120n },
      { from: 120n, until: undefined },
    ]);
  });

  it('are one of all time where nothing is', () => {
    expect(cutPeriods([], 10)).toEqual([{}]);
  });
});
