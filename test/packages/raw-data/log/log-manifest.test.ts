import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  MANIFEST_FILE,
  mergedFolder,
  nothingMerged,
  readLogManifest,
  withoutOtherLoads,
  writeLogManifest,
  type Load,
  type LogManifest,
  type Run,
} from '../../../../packages/raw-data/log/log-manifest';
import { perTable } from '../../../../packages/raw-data/raw-tables';
import { createScratchDirectory } from '../../../environment/scratch-directory';

const loads = (...batches: number[]): Load[] =>
  batches.map((batch) => ({ batch, committedMicros: `${batch}000` }));

const run = (firstBatch: number, lastBatch: number): Run => ({
  firstBatch,
  lastBatch,
  files: [
    {
      name: `users-${firstBatch}-${lastBatch}.parquet`,
      bytes: 7,
      rows: 3,
      latestRows: 2,
      firstTime: -5n,
      lastTime: 2n ** 60n,
      lastArrival: 9n,
    },
    {
      name: 'empty.parquet',
      bytes: 1,
      rows: 0,
      latestRows: 0,
      firstTime: null,
      lastTime: null,
      lastArrival: null,
    },
  ],
});

/** Users are in one run, the others in two and three. */
const manifest: LogManifest = {
  loads: loads(1, 2, 3, 5, 6),
  runs: {
    ...perTable(() => [run(1, 2), run(3, 5), run(6, 6)]),
    plan_changes: [run(1, 3), run(5, 6)],
  },
};

describe('what is merged', () => {
  const scratch = createScratchDirectory();
  const file = path.join(mergedFolder(scratch.path), MANIFEST_FILE);
  afterAll(() => scratch.remove());

  it('is read as it was written', async () => {
    mkdirSync(mergedFolder(scratch.path));
    await writeLogManifest(scratch.path, manifest);
    expect(await readLogManifest(scratch.path)).toEqual(manifest);
  });

  it.each([
    ['torn', '{"format_version":1,"loads":[[1,'],
    ['of another format', '{"format_version":2,"loads":[],"runs":{}}'],
    ['something else', '[]'],
  ])('is nothing where the manifest is %s', async (_what, text) => {
    writeFileSync(file, text);
    expect(await readLogManifest(scratch.path)).toEqual(nothingMerged);
  });
});

describe('of a database put back from a backup', () => {
  it('all stays that it has, and what it has besides', () => {
    expect(withoutOtherLoads(manifest, loads(1, 2, 3, 5, 6))).toBe(manifest);
    expect(withoutOtherLoads(manifest, loads(1, 2, 3, 5, 6, 7))).toBe(manifest);
  });

  it.each([
    ['lacks the last load', loads(1, 2, 3, 5)],
    ['has a load between', loads(1, 2, 3, 4, 5, 6)],
    ['has nothing', []],
  ])('runs go that it does not have: it %s', (_what, present) => {
    const { loads: kept, runs } = withoutOtherLoads(manifest, present);
    const there = new Map(present.map((load) => [load.batch, load.committedMicros]));
    for (const load of kept) expect(there.get(load.batch)).toBe(load.committedMicros);
    const numbers = kept.map(({ batch }) => batch);
    for (const ofTable of Object.values(runs)) {
      const held = ofTable.flatMap(({ firstBatch, lastBatch }) =>
        present.map(({ batch }) => batch).filter((b) => b >= firstBatch && b <= lastBatch),
      );
      expect(held).toEqual(numbers);
    }
  });

  it('another load of a number takes its runs along, and those that share a batch with them', () => {
    const present = [...loads(1, 2, 3, 5), { batch: 6, committedMicros: 'later' }];
    const { loads: kept, runs } = withoutOtherLoads(manifest, present);
    // The plan changes of 5 are with those of 6, and the other rows of 5 with those of 3; and so on.
    expect(kept).toEqual([]);
    expect(runs).toEqual(nothingMerged.runs);
  });

  it('runs that share none stay', () => {
    const apart: LogManifest = {
      loads: loads(1, 2, 3),
      runs: perTable(() => [run(1, 2), run(3, 3)]),
    };
    const { loads: kept, runs } = withoutOtherLoads(apart, loads(1, 2));
    expect(kept).toEqual(loads(1, 2));
    expect(runs).toEqual(perTable(() => [run(1, 2)]));
  });
});
