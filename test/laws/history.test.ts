import fc from 'fast-check';
import { spineReasons, type SpineKnowledge } from '../../packages/features/history/compile-spine';
import { computeHistory, type History } from '../../packages/features/history/compute-history';
import type { FeatureSet } from '../../packages/features/feature-set';
import { naiveVector, type RawTables } from '../support/oracle';
import { quoteLiteral } from '../../packages/duckdb/quote-sql';
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../packages/instants/epoch-micros';
import { writeTestTimelines } from '../packages/features/raw-log-fixture';
import { anyDefinitions, unusual } from '../packages/features/unusual-features';
import { lawHolds } from './law-holds';
import { openLawRig, type LawRig } from './law-rig';
import { randomMerging } from './random-merging';
import { BASE, BATCHES, randomWorld, userIds } from './random-world';
import type { Segments } from '../../packages/features/segments';

/** Later than anything a random world has. */
const ALL_KNOWN = BASE + 100n * MICROS_PER_DAY;

const moment = fc
  .record({
    day: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(0, 1, 2, 7, 29, 30, 31) },
      { weight: 1, arbitrary: fc.integer({ min: -40, max: 45 }) },
    ),
    edge: fc.constantFrom(0n, 0n, 1n, -1n, 23n * MICROS_PER_HOUR, 12_345_678_901n),
  })
  .map(({ day, edge }) => BASE + BigInt(day) * MICROS_PER_DAY + edge);

const spine = fc.array(
  fc.record({
    userId: fc.constantFrom(...userIds, 'nobody'),
    t: fc.option(moment, { freq: 12 }),
  }),
  { minLength: 1, maxLength: 12 },
);

const knowledge: fc.Arbitrary<SpineKnowledge> = fc
  .record({
    batch: fc.integer({ min: 1, max: BATCHES }),
    known: fc.oneof(
      moment.map((at) => ({ at })),
      fc.constant({ at: ALL_KNOWN }),
      fc.constantFrom(MICROS_PER_HOUR, 0n, 3n * MICROS_PER_DAY).map((afterMicros) => ({
        afterMicros,
      })),
    ),
  })
  .map(({ batch, known }) => ({ ...known, batch }));

const now = BASE + 40n * MICROS_PER_DAY;

describe('for any spine, a row out per row in', () => {
  let rig: LawRig;

  beforeAll(async () => {
    rig = await openLawRig();
  });

  afterAll(() => rig.close());

  it('has what the oracle says of that user at that microsecond, or the reason why not', async () => {
    const asked = fc.record({
      defined: anyDefinitions,
      known: knowledge,
      hasTimelines: fc.boolean(),
      merging: fc.option(randomMerging),
    });
    const law = fc.asyncProperty(
      randomWorld,
      spine,
      asked,
      (raw, rows, { defined, known, hasTimelines, merging }) => {
        const use = async (segments: Segments) => {
          await writeSpine(rig, rows);
          const options = { features: defined, batch: known.batch };
          const history = await computeHistory(rig.duckDb, {
            featureSet: defined,
            knowledge: known,
            segments,
            timelines: hasTimelines
              ? await writeTestTimelines(rig.duckDb, segments, options)
              : undefined,
            now,
          });
          const found = rows.map((_, row) =>
            history.reasons[row] === 0
              ? Object.fromEntries(
                  defined.features.map(({ name, type }, index) => {
                    const value = history.features[index]![row]!;
                    return [name, type === 'bool' ? value === 1 : value];
                  }),
                )
              : spineReasons[history.reasons[row]!],
          );
          expect(found).toEqual(rows.map((row) => expected(defined, raw, row, known)));
        };
        return rig.withRawLog(raw, use, merging ?? undefined);
      },
    );
    await lawHolds(
      'History agrees with the oracle (worlds with spines of 1–12 rows)',
      { quick: 60, deep: 4_000, seed: 20240412 },
      law,
    );
  });

  it('has the same from timelines, for any definitions and in any parts', async () => {
    const sizes = fc.record({
      rowsPerPass: fc.constantFrom(1, 5, 20, 1_000),
      part: fc.record({
        users: fc.constantFrom(1, 2, 1_000),
        values: fc.constantFrom(1, 9, 1_000),
      }),
    });
    const law = fc.asyncProperty(randomWorld, spine, sizes, (raw, rows, size) =>
      rig.withRawLog(raw, async (segments) => {
        await writeSpine(rig, rows);
        const known = { at: ALL_KNOWN, batch: BATCHES };
        const options = { featureSet: unusual, knowledge: known, segments, now };
        const before = await computeHistory(rig.duckDb, options);
        const made = { features: unusual, ...size };
        const timelines = await writeTestTimelines(rig.duckDb, segments, made);
        const after = await computeHistory(rig.duckDb, { ...options, timelines });
        const isAnswered = (value: number, row: number) => before.reasons[row] === 0 && value;
        const answers = ({ features, reasons }: History) => [
          [...reasons],
          ...features.map((values) => Array.from(values, isAnswered)),
        ];
        expect(answers(after)).toEqual(answers(before));
      }),
    );
    await lawHolds(
      'Timelines change no result of `history` (worlds with spines of 1–12 rows)',
      { quick: 40, deep: 2_000, seed: 20240413 },
      law,
    );
  });
});

async function writeSpine(
  { duckDb }: LawRig,
  rows: readonly { userId: string; t: bigint | null }[],
): Promise<void> {
  const values = rows.map(({ userId, t }) => `(${quoteLiteral(userId)}, ${t ?? 'NULL'}::BIGINT)`);
  await duckDb.run(`CREATE OR REPLACE TEMP TABLE spine AS
    SELECT * FROM (VALUES ${values.join(', ')}) AS v(user_id, t)`);
}

function expected(
  defined: FeatureSet,
  raw: RawTables,
  { userId, t }: { userId: string; t: bigint | null },
  known: SpineKnowledge,
) {
  if (t === null) return 'invalid_time';
  if (t > now) return 'in_the_future';
  const knownAt = 'at' in known ? known.at : t + known.afterMicros;
  const { batch } = known;
  const question = { userId, at: t, knownAt, batch };
  const unlabelled = { labelKnownAt: knownAt, labelBatch: batch, completeThrough: null };
  const answer = naiveVector(defined, raw, { ...question, ...unlabelled });
  if (answer) return answer.features;
  const user = raw.users.find((row) => row.userId === userId && row.batch <= batch);
  if (!user) return 'unknown_user';
  return user.signupTime > t ? 'before_signup' : 'not_yet_known';
}
