import fc from 'fast-check';
import type { DuckDb } from '../../../packages/duckdb';
import {
  computeVectors,
  featureSet,
  momentOf,
  naiveVector,
  type Grid,
  type RawTables,
} from '../../../packages/features';
import {
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  midnightOf,
  parseInstant,
} from '../../../packages/instants';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb, writeRawLog } from './raw-log-fixture';

const numRuns = process.env.CHURN_TEST_DEPTH === 'deep' ? 5_000 : 250;
const userIds = ['u10', 'u2'];
const base = midnightOf('2024-02-20'); // The grid runs over a leap day.

/** Instants that sit on or a microsecond beside the edges that windows have. */
const boundaryInstant = fc
  .record({
    day: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(-90, -30, -7, -6, -1, 0, 1, 2, 30, 31, 32) },
      { weight: 1, arbitrary: fc.integer({ min: -95, max: 45 }) },
    ),
    edge: fc.constantFrom(0n, 0n, 0n, 1n, -1n, MICROS_PER_HOUR * 23n),
  })
  .map(({ day, edge }) => base + BigInt(day) * MICROS_PER_DAY + edge);

const lateness = fc.constantFrom(0n, 0n, 1n, MICROS_PER_HOUR, MICROS_PER_DAY, 20n * MICROS_PER_DAY);

const arrival = fc.record({ lateness, batch: fc.integer({ min: 1, max: 3 }) });
const event = fc.record({
  userId: fc.constantFrom(...userIds),
  eventTime: boundaryInstant,
  arrival,
});

const arrived = <T extends { eventTime: bigint; arrival: { lateness: bigint; batch: number } }>(
  row: T,
) => ({
  ...row,
  ingestedAt: row.eventTime + row.arrival.lateness,
  batch: row.arrival.batch,
});

const rawTables: fc.Arbitrary<RawTables> = fc.record({
  users: fc
    .tuple(
      ...userIds.map(() =>
        fc.record({
          signup: fc.integer({ min: -120, max: 6 }),
          plan: fc.constantFrom('free', 'pro'),
          lateness,
          batch: fc.integer({ min: 1, max: 3 }),
        }),
      ),
    )
    .map((users) =>
      users.map(({ signup, plan, lateness: late, batch }, index) => {
        const signupTime = base + BigInt(signup) * MICROS_PER_DAY;
        return { userId: userIds[index]!, signupTime, plan, ingestedAt: signupTime + late, batch };
      }),
    ),
  planChanges: fc
    .uniqueArray(
      fc.record({
        changeId: fc.constantFrom('c1', 'c10', 'c2', 'c3'),
        plan: fc.constantFrom('free', 'pro'),
        event,
      }),
      { selector: (row) => row.changeId, maxLength: 4 },
    )
    .map((rows) => rows.map(({ changeId, plan, event: e }) => ({ changeId, plan, ...arrived(e) }))),
  userEvents: fc
    .array(
      fc.record({
        sessionId: fc.constantFrom('s1', 's2', 's3'),
        eventType: fc.constantFrom('login', 'page_view'),
        event,
      }),
      { maxLength: 14 },
    )
    .map((rows) => rows.map(({ event: e, ...row }) => ({ ...row, ...arrived(e) }))),
  billingEvents: fc
    .array(
      fc.record({
        eventType: fc.constantFrom(
          'charge_succeeded',
          'charge_failed',
          'refund',
          'subscription_cancelled',
        ),
        amountCents: fc.bigInt({ min: 0n, max: 10_000_000n }),
        event,
      }),
      { maxLength: 8 },
    )
    .map((rows) => rows.map(({ event: e, ...row }) => ({ ...row, ...arrived(e) }))),
});

const grid: fc.Arbitrary<Grid> = fc
  .record({
    offset: fc.constantFrom(0n, 0n, 1n, -1n, 12_345_678_901n),
    count: fc.constantFrom(1, 1, 2, 3, 9),
    knownAfter: fc.constantFrom(0n, 1n, MICROS_PER_HOUR, 40n * MICROS_PER_DAY),
    isServed: fc.boolean(),
    batch: fc.integer({ min: 1, max: 3 }),
    labelKnownAfter: fc.constantFrom(29n, 30n, 31n, 45n),
    labelBatch: fc.integer({ min: 1, max: 3 }),
    completeThrough: fc.option(fc.constantFrom(30n, 36n, 60n)),
  })
  .map((g) => {
    const first = base + g.offset;
    const last = first + BigInt(g.count - 1) * MICROS_PER_DAY;
    const served = Array.from({ length: g.count }, (_, index) => ({
      at: first + BigInt(index) * MICROS_PER_DAY + g.knownAfter,
      batch: Math.min(g.batch, 1 + Math.floor(index / 3)),
    }));
    return {
      first,
      count: g.count,
      knowledge: g.isServed ? served : [{ at: last + g.knownAfter, batch: g.batch }],
      label: {
        at: first + g.labelKnownAfter * MICROS_PER_DAY,
        batch: g.labelBatch,
        completeThrough:
          g.completeThrough === null ? null : first + g.completeThrough * MICROS_PER_DAY,
      },
    };
  });

describe('the engine', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  it('agrees with the naive oracle for every user and moment, at every boundary', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(rawTables, grid, async (raw, moments) => {
        run += 1;
        const segments = await writeRawLog(duckDb, `${scratch.path}/run${run}`, raw);
        if (segments('users', 1).length === 0) return;
        await computeVectors(duckDb, { featureSet, grid: moments, segments });
        expect(await computedVectors(duckDb)).toEqual(expectedVectors(raw, moments));
      }),
      { numRuns, seed: 20240229 },
    );
  }, 600_000);
});

interface Vector {
  readonly i: number;
  readonly userId: string;
  readonly values: Record<string, unknown>;
}

async function computedVectors(duckDb: DuckDb): Promise<Vector[]> {
  const rows = await duckDb.rows(
    'SELECT *, epoch_us(feature_time) AS t FROM vectors ORDER BY i, user_id',
  );
  return rows.map(({ i, user_id, feature_time: _feature_time, ...values }) => ({
    i: Number(i),
    userId: String(user_id),
    values,
  }));
}

function expectedVectors(raw: RawTables, moments: Grid): Vector[] {
  const vectors: Vector[] = [];
  for (let i = 0; i < moments.count; i += 1) {
    const knowledge = moments.knowledge[moments.knowledge.length === 1 ? 0 : i]!;
    const t = momentOf(moments, i);
    for (const userId of [...userIds].sort()) {
      const answer = naiveVector(raw, {
        userId,
        at: t,
        knownAt: knowledge.at,
        batch: knowledge.batch,
        labelKnownAt: moments.label.at,
        labelBatch: moments.label.batch,
        completeThrough: moments.label.completeThrough,
      });
      if (answer) {
        vectors.push({
          i,
          userId,
          values: { ...answer.features, label_churned_30d: answer.label, t },
        });
      }
    }
  }
  return vectors;
}

describe('parseInstant and the engine', () => {
  it('share one idea of a midnight', () => {
    expect(midnightOf('2024-02-29')).toBe(parseInstant('2024-02-29T00:00:00Z'));
  });
});
