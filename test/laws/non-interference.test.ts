import fc from 'fast-check';
import type { Segments } from '../../packages/features/segments';
import { computeVectors } from '../../packages/features/grid/compute-vectors';
import { featureSet } from '../../packages/features/feature-set';
import { momentOf, type Grid } from '../../packages/features/grid/grid';
import type { RawTables } from '../support/oracle';
import { MICROS_PER_DAY } from '../../packages/instants/epoch-micros';
import { dateOf } from '../../packages/instants/logical-date';
import { vectorRows } from '../packages/features/vector-rows';
import { lawHolds } from './law-holds';
import { openLawRig, requestsOf, type LawRig } from './law-rig';
import { knowledgeAt, midnightGrid, twoWorlds } from './random-world';

interface Moment {
  readonly at: bigint;
  readonly knownAt: bigint;
  readonly batch: number;
}

describe('what happens or arrives later', () => {
  let rig: LawRig;

  beforeAll(async () => {
    rig = await openLawRig();
  });

  afterAll(() => rig.close());

  it('moves no byte of the features: rows after T, after K or of batches after S', async () => {
    const law = fc.asyncProperty(twoWorlds, midnightGrid, fc.nat(), async (worlds, asked, some) => {
      const index = some % asked.count;
      // With labels unknown a file holds the features alone.
      const grid = { ...asked, label: { ...asked.label, completeThrough: null } };
      const isVisible = visibleAt(knowledgeAt(grid, index));
      const [world, changed] = sharing(worlds, isVisible);
      const date = dateOf(momentOf(grid, index));
      const before = await rig.withRawLog(world, (log) => rig.bytesOf(log, requestsOf(grid)));
      const after = await rig.withRawLog(changed, (log) => rig.bytesOf(log, requestsOf(grid)));
      expect(after[date]).toBe(before[date]);
    });
    await lawHolds(
      'Rows after T or K change no byte of the features (pairs of worlds)',
      { quick: 14, deep: 2_000, seed: 20240302 },
      law,
    );
  });

  it('and what is outside (T, T + 30 d], or unknown at L, moves no label', async () => {
    const law = fc.asyncProperty(twoWorlds, midnightGrid, fc.nat(), async (worlds, grid, some) => {
      const index = some % grid.count;
      const isInHorizon = inHorizonOf(grid, index);
      const [world, others] = sharing(worlds, isInHorizon);
      // Whether a user has a row, and thus a label, is the features' matter.
      const changed = { ...others, users: world.users };
      const before = await rig.withRawLog(world, (log) => labelsOf(log, grid, index));
      const after = await rig.withRawLog(changed, (log) => labelsOf(log, grid, index));
      expect(after).toEqual(before);
    });
    await lawHolds(
      'Rows outside the 30 days after T change no label (pairs of worlds)',
      { quick: 14, deep: 2_000, seed: 20240303 },
      law,
    );
  });

  async function labelsOf(segments: Segments, grid: Grid, index: number) {
    const computed = await computeVectors(rig.duckDb, { featureSet, grid, segments });
    return vectorRows(computed, featureSet, index).map((row) => [
      row.user_id,
      row[featureSet.label.name],
    ]);
  }
});

interface AnyRow {
  readonly time: bigint;
  readonly ingestedAt: bigint;
  readonly batch: number;
}

type Picks = (row: AnyRow) => boolean;

function visibleAt({ at, knownAt, batch }: Moment): Picks {
  return (row) => row.time <= at && row.ingestedAt <= knownAt && row.batch <= batch;
}

function inHorizonOf(grid: Grid, index: number): Picks {
  const { at, batch } = grid.label;
  const from = momentOf(grid, index);
  const until = from + 30n * MICROS_PER_DAY;
  return (row) =>
    row.time > from && row.time <= until && row.ingestedAt <= at && row.batch <= batch;
}

/** Two worlds that share the first one's rows that are picked, and of the others none. */
function sharing(
  [one, other]: readonly [RawTables, RawTables],
  picks: Picks,
): readonly [RawTables, RawTables] {
  const isShared = (row: TimedRow) => picks({ ...row, time: timeOf(row) });
  const mixed = <R extends TimedRow>(ours: readonly R[], theirs: readonly R[]): R[] => [
    ...ours.filter(isShared),
    ...theirs.filter((row) => !isShared(row)),
  ];
  const users = one.users.map((user, index) => {
    const theirs = other.users[index]!;
    return isShared(user) || isShared(theirs) ? user : theirs;
  });
  const changed: RawTables = {
    users,
    planChanges: mixed(one.planChanges, renamed(other.planChanges)),
    userEvents: mixed(one.userEvents, other.userEvents),
    billingEvents: mixed(one.billingEvents, other.billingEvents),
  };
  return [one, changed];
}

type TimedRow = { ingestedAt: bigint; batch: number } & (
  { signupTime: bigint } | { eventTime: bigint }
);

function timeOf(row: TimedRow): bigint {
  return 'eventTime' in row ? row.eventTime : row.signupTime;
}

/** No change of one world has the id of a change of the other. */
function renamed(changes: RawTables['planChanges']): RawTables['planChanges'] {
  return changes.map((change) => ({ ...change, changeId: `${change.changeId}b` }));
}
