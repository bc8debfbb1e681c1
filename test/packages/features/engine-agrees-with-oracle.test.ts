import fc from 'fast-check';
import { readParquet, type DuckDbRow } from '../../../packages/duckdb/open-duckdb';
import { compileMoment } from '../../../packages/features/compile-moment';
import { computeVectors } from '../../../packages/features/grid/compute-vectors';
import { featureSet } from '../../../packages/features/feature-set';
import { momentOf, type Grid } from '../../../packages/features/grid/grid';
import { parseInstant } from '../../../packages/instants/epoch-micros';
import { dateOf, midnightOf } from '../../../packages/instants/logical-date';
import { bytewise } from '../../environment/ids';
import { lawHolds } from '../../laws/law-holds';
import { openLawRig, requestsOf, type LawRig } from '../../laws/law-rig';
import { oracleRows } from '../../laws/oracle-rows';
import { knowledgeAt, midnightGrid, randomGrid, randomWorld } from '../../laws/random-world';
import { anyDefinitions, unusual } from './unusual-features';
import { vectorRows } from './vector-rows';

describe('for every user and moment, at every boundary, the naive oracle agrees', () => {
  let rig: LawRig;

  beforeAll(async () => {
    // Two threads: pieces are read side by side.
    rig = await openLawRig(2);
  });

  afterAll(() => rig.close());

  /** How many rows at the most are collected at a time, and read by one query. */
  const portions = fc.record({
    rowsPerShard: fc.integer({ min: 1, max: 40 }),
    rowsPerPiece: fc.integer({ min: 1, max: 20 }),
  });

  it('with the engine, over any range, knowledge, shards of users and pieces of segments', async () => {
    const law = fc.asyncProperty(
      anyDefinitions,
      randomWorld,
      randomGrid,
      portions,
      (defined, raw, grid, portion) =>
        rig.withRawLog(raw, async (segments) => {
          const options = { featureSet: defined, grid, segments, ...portion };
          const computed = await computeVectors(rig.duckDb, options);
          for (const index of momentsOf(grid)) {
            const rows = vectorRows(computed, defined, index);
            expect({ index, rows }).toEqual({ index, rows: oracleRows(defined, raw, grid, index) });
          }
        }),
    );
    await lawHolds(
      'The engine agrees with the oracle (worlds of 1–4 users, 1–9 moments)',
      { quick: 90, deep: 5_000, seed: 20240229 },
      law,
    );
  });

  it('with the files that are written', async () => {
    const law = fc.asyncProperty(randomWorld, midnightGrid, (raw, grid) =>
      rig.withRawLog(raw, async (segments) => {
        const files = await rig.filesOf(segments, requestsOf(grid));
        expect(files.size).toBe(grid.count);
        for (const index of momentsOf(grid)) {
          const at = momentOf(grid, index);
          const rows = await rig.duckDb.rows(`FROM ${readParquet([files.get(dateOf(at))!])}`);
          const feature_time = new Date(Number(at / 1_000n));
          const expected = oracleRows(featureSet, raw, grid, index);
          expect(rows).toEqual(expected.map((row) => ({ ...row, feature_time })));
        }
      }),
    );
    await lawHolds(
      'Partition files have the values of the oracle (worlds)',
      { quick: 8, deep: 500, seed: 20240309 },
      law,
    );
  });

  it('with the query for one user and moment', async () => {
    const law = fc.asyncProperty(
      anyDefinitions,
      randomWorld,
      randomGrid,
      fc.nat(),
      (defined, raw, grid, some) =>
        rig.withRawLog(raw, async (segments) => {
          const index = some % grid.count;
          const { at, knownAt, batch } = knowledgeAt(grid, index);
          const known = { at: knownAt, batch };
          const rows: DuckDbRow[] = [];
          for (const userId of raw.users.map((user) => user.userId).sort(bytewise)) {
            const question = { userId, at, known, label: grid.label, segments };
            rows.push(...(await rig.duckDb.rows(compileMoment(defined, question))));
          }
          expect(rows.map(withoutTime)).toEqual(oracleRows(defined, raw, grid, index));
        }),
    );
    await lawHolds(
      'The query for one user and moment agrees with the oracle (worlds)',
      { quick: 40, deep: 2_000, seed: 20240301 },
      law,
    );
  });

  it('where events of a session and day follow each other, each of which counts', async () => {
    const first = midnightOf('2024-03-02');
    const event = (place: number, eventType: string) => {
      const eventTime = first - 1_000_000n * BigInt(9 - place);
      return { userId: 'u', sessionId: 's', eventType, eventTime, ingestedAt: eventTime, batch: 1 };
    };
    const types = ['login', 'login', 'view', 'login', 'view', 'view'];
    const signupTime = midnightOf('2024-03-01');
    const raw = {
      users: [{ userId: 'u', signupTime, plan: 'pro', ingestedAt: signupTime, batch: 1 }],
      planChanges: [],
      userEvents: types.map((type, place) => event(place, type)),
      billingEvents: [],
    };
    await rig.withRawLog(raw, async (segments) => {
      const known = { at: first, batch: 1 };
      const label = { ...known, completeThrough: null };
      const grid = { first, count: 1, knowledge: [known], label };
      const computed = await computeVectors(rig.duckDb, { featureSet: unusual, grid, segments });
      expect(vectorRows(computed, unusual, 0)).toMatchObject([{ logins_1d: 3, events_1d: 6 / 4 }]);
    });
  });
});

function momentsOf({ count }: Grid): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function withoutTime({ feature_time: _time, ...row }: DuckDbRow): DuckDbRow {
  return row;
}

describe('parseInstant and the engine', () => {
  it('share one idea of a midnight', () => {
    expect(midnightOf('2024-02-29')).toBe(parseInstant('2024-02-29T00:00:00Z'));
  });
});
