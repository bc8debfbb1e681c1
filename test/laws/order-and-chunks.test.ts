import fc from 'fast-check';
import type { Grid } from '../../packages/features/grid/grid';
import type { RawTables } from '../support/oracle';
import { MICROS_PER_DAY } from '../../packages/instants/epoch-micros';
import type { PartitionRequest } from '../../packages/offline-store/partition-request';
import { lawHolds } from './law-holds';
import { openLawRig, requestsOf, type Bytes, type LawRig } from './law-rig';
import { randomMerging } from './random-merging';
import { BASE, BATCHES, midnightGrid, randomWorld } from './random-world';

describe('the bytes of partitions', () => {
  let rig: LawRig;
  let twoThreads: LawRig;

  beforeAll(async () => {
    rig = await openLawRig();
    twoThreads = await openLawRig(2);
  });

  afterAll(() => {
    rig.close();
    twoThreads.close();
  });

  it('do not depend on the order in which rows arrive, nor on the batches they come in', async () => {
    const law = fc.asyncProperty(
      randomWorld,
      midnightGrid,
      fc.integer(),
      async (raw, grid, key) => {
        const requests = requestsOf(knowingAll(grid));
        const before = await rig.withRawLog(raw, (log) => rig.bytesOf(log, requests));
        const after = await rig.withRawLog(rearranged(raw, key), (log) =>
          rig.bytesOf(log, requests),
        );
        expect(after).toEqual(before);
      },
    );
    await lawHolds(
      'Order and batches of arrival change no byte (worlds)',
      { quick: 9, deep: 2_000, seed: 20240304 },
      law,
    );
  });

  it('do not depend on which segments are merged, and into which files', async () => {
    const law = fc.asyncProperty(
      randomWorld,
      midnightGrid,
      randomMerging,
      async (raw, grid, merging) => {
        const requests = requestsOf(grid);
        const apart = await rig.withRawLog(raw, (log) => rig.bytesOf(log, requests));
        const merged = await rig.withRawLog(raw, (log) => rig.bytesOf(log, requests), merging);
        expect(merged).toEqual(apart);
      },
    );
    await lawHolds(
      'Merging the raw log changes no byte (worlds)',
      { quick: 12, deep: 2_000, seed: 20240307 },
      law,
    );
  });

  it('do not depend on what they are computed together with, nor on threads', async () => {
    const nine = { minLength: 9, maxLength: 9 };
    const chunkOfEach = fc.array(fc.nat({ max: 3 }), nine);
    const label = fc.constantFrom({}, {}, {}, { batch: 1 }, { completeThrough: null });
    const labels = fc.array(label, nine);
    const law = fc.asyncProperty(
      randomWorld,
      midnightGrid,
      chunkOfEach,
      labels,
      (raw, grid, chunks, others) =>
        twoThreads.withRawLog(raw, async (log) => {
          const requests = requestsOf(grid).map((request, index) => ({
            ...request,
            label: { ...request.label, ...others[index] },
          }));
          const whole = await twoThreads.bytesOf(log, requests);
          let apart: Bytes = {};
          for (const chunk of chunksOf(requests, chunks)) {
            apart = { ...apart, ...(await twoThreads.bytesOf(log, chunk)) };
          }
          expect(apart).toEqual(whole);
          const alone = await rig.withRawLog(raw, (own) => rig.bytesOf(own, requests));
          expect(alone).toEqual(whole);
        }),
    );
    await lawHolds(
      'Chunks and threads change no byte (worlds)',
      { quick: 7, deep: 2_000, seed: 20240305 },
      law,
    );
  });
});

/** Later than anything a random world has. */
const ALL_KNOWN = BASE + 100n * MICROS_PER_DAY;

function knowingAll(grid: Grid): Grid {
  const known = { at: ALL_KNOWN, batch: BATCHES };
  return { ...grid, knowledge: [known], label: { ...grid.label, ...known } };
}

/** The same rows in another order, each of any batch and arriving any time. */
function rearranged(raw: RawTables, key: number): RawTables {
  const random = numbersFrom(key);
  const all = <R extends { ingestedAt: bigint; batch: number }>(rows: readonly R[]): R[] =>
    rows
      .map((row) => ({ place: random(), row }))
      .sort((a, b) => a.place - b.place)
      .map(({ row }) => ({
        ...row,
        ingestedAt: ALL_KNOWN - BigInt(random() % 1_000_000),
        batch: 1 + (random() % BATCHES),
      }));
  return {
    users: all(raw.users),
    planChanges: all(raw.planChanges),
    userEvents: all(raw.userEvents),
    billingEvents: all(raw.billingEvents),
  };
}

/** Numbers in [0, 2³²) that follow from a key (mulberry32). */
function numbersFrom(key: number): () => number {
  let state = key;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Splits requests by the chunk that each is given: neighbours and days far apart. */
function chunksOf(
  requests: readonly PartitionRequest[],
  chunks: readonly number[],
): PartitionRequest[][] {
  const numbers = [...new Set(chunks.slice(0, requests.length))];
  return numbers.map((number) => requests.filter((_, index) => chunks[index] === number));
}
