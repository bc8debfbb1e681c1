import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import { computeVectors } from '../../../packages/features/grid/compute-vectors';
import { featureSet } from '../../../packages/features/feature-set';
import type { RawTables } from '../../support/oracle';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { change, DAY, event, failed, login, rawTablesOf, T } from './golden-case';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { writeRawLog } from './raw-log-fixture';
import { vectorRows } from './vector-rows';

/** Five moments from T on, each as known when it passed. */
const MOMENTS = [0, 1, 2, 3, 4];
const day = (days: number) => T + BigInt(days) * DAY;

describe('at moments as they were served', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;
  let written = 0;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path, 1);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  it.each<{
    fact: string;
    rows: Partial<RawTables>[];
    feature: string;
    expected: (number | boolean)[];
  }>([
    {
      fact: 'a late row counts from the moment that knows it',
      rows: [failed(T, { ingestedAt: day(2) })],
      feature: 'failed_payments_30d',
      expected: [0, 0, 1, 1, 1],
    },
    {
      fact: 'a row that arrives 1 µs later counts a moment later',
      rows: [failed(T, { ingestedAt: day(2) + 1n })],
      feature: 'failed_payments_30d',
      expected: [0, 0, 0, 1, 1],
    },
    {
      fact: 'a row of a later batch counts from the moment that has it',
      rows: [failed(T, { batch: 4 })],
      feature: 'failed_payments_30d',
      expected: [0, 0, 0, 1, 1],
    },
    {
      fact: 'a late row whose window passes with the next moment counts once',
      rows: [failed(day(-27), { ingestedAt: day(2) })],
      feature: 'failed_payments_30d',
      expected: [0, 0, 1, 0, 0],
    },
    {
      fact: 'a row that arrives as its window passes never counts',
      rows: [failed(day(-28), { ingestedAt: day(2) })],
      feature: 'failed_payments_30d',
      expected: [0, 0, 0, 0, 0],
    },
    {
      fact: 'an event of a session that arrives after a later one adds nothing',
      rows: [event(T, { sessionId: 's', ingestedAt: day(3) }), event(day(1), { sessionId: 's' })],
      feature: 'sessions_30d',
      expected: [0, 1, 1, 1, 1],
    },
    {
      fact: 'a session counts from its event on time, though one before it that day came late',
      rows: [
        event(T - 2n, { sessionId: 's', ingestedAt: day(2) }),
        event(T - 1n, { sessionId: 's' }),
      ],
      feature: 'sessions_30d',
      expected: [1, 1, 1, 1, 1],
    },
    {
      fact: 'a session counts on while a later event of it is in the window',
      rows: [event(day(-28), { sessionId: 's' }), event(day(1), { sessionId: 's' })],
      feature: 'sessions_30d',
      expected: [1, 1, 1, 1, 1],
    },
    {
      fact: 'a session counts again when it comes back after a window',
      rows: [event(day(-28), { sessionId: 's' }), event(day(3), { sessionId: 's' })],
      feature: 'sessions_30d',
      expected: [1, 1, 0, 1, 1],
    },
    {
      fact: 'a session counts once although an old event of it came late, between two others',
      rows: [
        event(T, { sessionId: 's' }),
        event(day(-28), { sessionId: 's', ingestedAt: day(1) }),
        event(day(3), { sessionId: 's' }),
      ],
      feature: 'sessions_30d',
      expected: [1, 1, 1, 1, 1],
    },
    {
      fact: 'a login that arrives after a later one changes nothing',
      rows: [login(T, { ingestedAt: day(3) }), login(day(1))],
      feature: 'days_since_last_login',
      expected: [100, 0, 1, 2, 3],
    },
    {
      fact: 'a change of plan that arrives after a later one changes nothing',
      rows: [change(T, 'c1', 'free', { ingestedAt: day(3) }), change(day(1), 'c2', 'pro')],
      feature: 'is_pro_plan',
      expected: [false, true, true, true, true],
    },
  ])('$fact', async ({ fact, rows, feature, expected }) => {
    const raw = rawTablesOf({ fact, rows, expected: {} });
    const segments = await writeRawLog(duckDb, `${scratch.path}/case${(written += 1)}`, raw);
    const grid = {
      first: T,
      count: MOMENTS.length,
      knowledge: MOMENTS.map((index) => ({ at: day(index), batch: index + 1 })),
      label: { at: day(50), batch: 5, completeThrough: null },
    };
    const computed = await computeVectors(duckDb, { featureSet, grid, segments });
    const values = MOMENTS.map((index) => vectorRows(computed, featureSet, index)[0]?.[feature]);
    expect(values).toEqual(expected);
  });
});
