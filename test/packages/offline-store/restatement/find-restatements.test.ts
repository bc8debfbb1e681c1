import type { LabelKnowledge } from '../../../../packages/contracts/knowledge';
import type { PartitionManifest } from '../../../../packages/contracts/partitions';
import type { DuckDb } from '../../../../packages/duckdb/open-duckdb';
import { featureSet } from '../../../../packages/features/feature-set';
import type { RawTables } from '../../../support/oracle';
import { formatInstant, MICROS_PER_DAY } from '../../../../packages/instants/epoch-micros';
import { addDays, dayNumber, midnightOf } from '../../../../packages/instants/logical-date';
import type { PartitionRequest } from '../../../../packages/offline-store/partition-request';
import { findRestatements } from '../../../../packages/offline-store/restatement/find-restatements';
import type { LedgerRow } from '../../../../packages/offline-store/ledger';
import { createScratchDirectory } from '../../../environment/scratch-directory';
import {
  bill,
  cancelled,
  change,
  event,
  failed,
  login,
  paid,
  rawTablesOf,
  signup,
  started,
} from '../../features/golden-case';
import { testManifest } from '../../contracts/test-manifest';
import { openTestDuckDb } from '../../duckdb/open-test-duckdb';
import { writeRawLog } from '../../features/raw-log-fixture';

/** Published are the dates from 35 days before to 95 days after this one, as known at K. */
const OWNER = 'the run';
const ZERO = '2024-06-01';
const FIRST = -35;
const LAST = 95;
const D = midnightOf(ZERO);
const DAY = MICROS_PER_DAY;
const K = D + 190n * DAY;
/** Now: with batch 2, ten days later. */
const NOW = K + 10n * DAY;
const late = { batch: 2 };

const checkedNow = { checkedThroughBatch: 2, checkedKnownAt: formatInstant(NOW) };
const stateCheckedNow = { stateCheckedThroughBatch: 2, stateCheckedKnownAt: formatInstant(NOW) };

const base = signup(D - 60n * DAY);

type Days = readonly [from: number, to: number] | null;

describe('what late data restates', () => {
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

  async function restated(
    rows: readonly Partial<RawTables>[],
    options: { published?: readonly LedgerRow[]; now?: LabelKnowledge } = {},
  ): Promise<readonly PartitionRequest[]> {
    const raw = rawTablesOf({ fact: '', rows: [base, ...rows], expected: {} });
    const segments = await writeRawLog(duckDb, `${scratch.path}/log${(written += 1)}`, raw);
    const { published = publishedDates(), now: present = snapshotAt(NOW) } = options;
    const plan = { duckDb, rows: published, owner: OWNER, present, featureSet, segments };
    return (await findRestatements(plan)).requests;
  }

  it.each<{ fact: string; rows: Partial<RawTables>[]; features: Days; label: Days }>([
    {
      fact: 'a session at midnight: that day and 29 more, and the labels of 30 days before',
      rows: [event(D, late)],
      features: [0, 29],
      label: [-30, -1],
    },
    {
      fact: 'a session 1 µs after midnight: a day later',
      rows: [event(D + 1n, late)],
      features: [1, 30],
      label: [-29, 0],
    },
    {
      fact: 'a session 1 µs before midnight: as at midnight',
      rows: [event(D - 1n, late)],
      features: [0, 29],
      label: [-30, -1],
    },
    {
      fact: 'a login: until the first midnight that sees the next one, and its session',
      rows: [login(D, late), login(D + 40n * DAY + 1n)],
      features: [0, 40],
      label: [-30, -1],
    },
    {
      fact: 'a login before another within its windows: as a session',
      rows: [login(D, late), login(D + DAY)],
      features: [0, 29],
      label: [-30, -1],
    },
    {
      fact: 'a last login: for ever',
      rows: [login(D, late)],
      features: [0, LAST],
      label: [-30, -1],
    },
    {
      fact: 'a failed charge: 30 days',
      rows: [failed(D, late)],
      features: [0, 29],
      label: null,
    },
    {
      fact: 'a charge before another: 90 days',
      rows: [paid(D, late), paid(D + DAY)],
      features: [0, 89],
      label: null,
    },
    {
      fact: 'a charge: until the next one, where that is later',
      rows: [paid(D, late), paid(D + 92n * DAY)],
      features: [0, 91],
      label: null,
    },
    { fact: 'a refund: nothing', rows: [bill('refund')(D, late)], features: null, label: null },
    {
      fact: 'a cancellation: labels before it, and for ever the state',
      rows: [cancelled(D, late)],
      features: [0, LAST],
      label: [-30, -1],
    },
    {
      fact: 'a cancellation before the start of the same midnight: labels only',
      rows: [cancelled(D - 1n, late), started(D)],
      features: null,
      label: [-30, -1],
    },
    {
      fact: 'a cancellation: until the first midnight that sees a start',
      rows: [cancelled(D, late), started(D + 9n * DAY + 1n)],
      features: [0, 9],
      label: [-30, -1],
    },
    {
      fact: 'a cancellation: until the next one',
      rows: [cancelled(D, late), cancelled(D + 9n * DAY)],
      features: [0, 8],
      label: [-30, -1],
    },
    {
      fact: 'a cancellation: past a final invoice, 3 days later',
      rows: [cancelled(D, late), paid(D + 3n * DAY)],
      features: [0, LAST],
      label: [-30, -1],
    },
    {
      fact: 'a cancellation: until a charge that is a return, 1 µs more than 3 days later',
      rows: [cancelled(D, late), paid(D + 3n * DAY + 1n)],
      features: [0, 3],
      label: [-30, -1],
    },
    {
      fact: 'a start: past a charge that is no return from a cancellation just before it',
      rows: [
        cancelled(D - 1n),
        started(D, late),
        paid(D + 3n * DAY),
        change(D + 20n * DAY, 'c', 'free'),
      ],
      features: [0, 19],
      label: null,
    },
    {
      fact: 'a start: until a charge more than 3 days later',
      rows: [started(D, late), paid(D + 3n * DAY + 1n)],
      features: [0, 3],
      label: null,
    },
    {
      fact: 'a change of plan: the state past a charge soon after it',
      rows: [change(D, 'c1', 'free', late), change(D + 9n * DAY, 'c2', 'free'), paid(D + DAY)],
      features: [0, 8],
      label: null,
    },
    {
      fact: 'a change of plan: until the next one',
      rows: [change(D, 'c1', 'pro', late), change(D + 9n * DAY, 'c2', 'free')],
      features: [0, 8],
      label: null,
    },
    {
      fact: 'a user: from signup on',
      rows: [signup(D + 5n * DAY, late)],
      features: [5, LAST],
      label: null,
    },
    {
      fact: 'a row of an old batch that arrived 1 µs after K',
      rows: [failed(D, { ingestedAt: K + 1n })],
      features: [0, 29],
      label: null,
    },
    {
      fact: 'a row of an old batch that arrived at K: nothing',
      rows: [failed(D, { ingestedAt: K })],
      features: null,
      label: null,
    },
    {
      fact: 'a cancellation of an old batch that arrived 1 µs after L',
      rows: [cancelled(D, { ingestedAt: K + 1n })],
      features: [0, LAST],
      label: [-30, -1],
    },
    {
      fact: 'a row of the new batch that arrives now',
      rows: [failed(D, { ...late, ingestedAt: NOW })],
      features: [0, 29],
      label: null,
    },
    {
      fact: 'a row that has not arrived yet: nothing',
      rows: [failed(D, { ...late, ingestedAt: NOW + 1n })],
      features: null,
      label: null,
    },
  ])('$fact', async ({ rows, features, label }) => {
    const requests = await restated(rows);
    const isRenewed = ({ known: { batch, at } }: PartitionRequest) =>
      batch === 2 && at === formatInstant(NOW);
    expect(daysOf(requests.filter(isRenewed))).toEqual(daysFrom(features));
    const others = requests.filter((request) => !isRenewed(request));
    expect(daysOf(others)).toEqual(daysFrom(label));
    for (const { known } of others) {
      expect(known).toEqual({ batch: 1, at: formatInstant(K) });
    }
    expect(new Set(requests.map(({ label: l }) => l.batch))).toEqual(
      new Set(requests.length > 0 ? [2] : []),
    );
  });

  it.each(['pinned', 'as-served'] as const)(
    'of %s partitions is their label',
    async (knowledge) => {
      const published = publishedDates({ knowledge });
      const requests = await restated([login(D, late)], { published });
      expect(daysOf(requests)).toEqual(daysFrom([-30, -1]));
      expect(new Set(requests.map(({ known, kind }) => `${kind} ${known.batch}`))).toEqual(
        new Set([`${knowledge} 1`]),
      );
    },
  );

  it('counts a row once for each day, in however many windows it is', async () => {
    const requests = await restated([login(D, late)]);
    expect(reasonsOf(requests)).toEqual(['late data: 1 row in batches 2–2']);
  });

  it('counts a row once that touches the features and the state', async () => {
    const requests = await restated([change(D, 'c1', 'pro', late)]);
    expect(daysOf(requests)).toEqual(daysFrom([0, LAST]));
    expect(reasonsOf(requests)).toEqual(['late data: 1 row in batches 2–2']);
  });

  it('counts rows of two tables that have the same id as two', async () => {
    // The fixture's events and bills are numbered alike, as those of a source with integer ids are.
    const requests = await restated([event(D, late), failed(D, late)]);
    const [first] = requests.filter(({ date }) => date === ZERO);
    expect(first?.reason).toBe('late data: 2 rows in batches 2–2');
  });

  it('does not include labels that nobody knows yet', async () => {
    const now = { at: formatInstant(D + 9n * DAY), batch: 2, completeThrough: null };
    const published = publishedDates({ known_at: formatInstant(D), label_mature: false });
    expect(
      daysOf(await restated([cancelled(D - 1n, late), started(D)], { published, now })),
    ).toEqual([]);
  });

  it.each([
    { what: 'is over, and complete, at T + 30 d', at: 0n, complete: 0n, days: [FIRST] },
    { what: 'lacks 1 µs', at: -1n, complete: 0n, days: [] },
    { what: 'is complete but for 1 µs', at: 0n, complete: -1n, days: [] },
  ])('includes labels whose horizon $what', async ({ at, complete, days }) => {
    const end = D + BigInt(FIRST + 30) * DAY;
    const completeThrough = formatInstant(end + complete);
    const now = { at: formatInstant(end + at), batch: 1, completeThrough };
    const published = publishedDates({ known_at: now.at, label_mature: false });
    const requests = await restated([], { published, now });
    expect(daysOf(requests)).toEqual(days);
    expect(requests.map(({ reason }) => reason)).toEqual(days.map(() => 'labels matured'));
  });

  it('includes no label of a day without users', async () => {
    const published = publishedDates({ label_mature: false, rows: 0 });
    expect(await restated([], { published })).toEqual([]);
  });

  it('counts days before 1970 as it does those after', async () => {
    const early = midnightOf('1969-06-01');
    const shift = Number((D - early) / DAY);
    const published = publishedDates().map((row) => {
      const date = addDays(row.date, -shift);
      return { ...row, date, manifest: { ...row.manifest!, date } };
    });
    const rows = [signup(early - 60n * DAY), failed(early, late)];
    const requests = await restated(rows, { published });
    expect(daysOf(requests).map((day) => day + shift)).toEqual(daysFrom([0, 29]));
  });

  it('is not looked at again where it was checked', async () => {
    const published = publishedDates({}, { ...checkedNow, ...stateCheckedNow });
    expect(await restated([login(D, late), cancelled(D, late)], { published })).toEqual([]);
  });

  it('is looked at again for its state where only the rest of it was checked', async () => {
    const published = publishedDates({}, checkedNow);
    expect(daysOf(await restated([login(D, late)], { published }))).toEqual([]);
    const again = await restated([started(D, late), paid(D + 5n * DAY)], { published });
    expect(daysOf(again)).toEqual(daysFrom([0, 4]));
  });

  it.each([
    { what: 'lacks the state', hash: undefined },
    { what: 'has another one', hash: 'of another definition' },
  ])('is looked at for its state, whatever was checked, where it $what', async ({ hash }) => {
    const { state, definitionHashes: present } = featureSet;
    const definition_hashes = { ...present, [state.name]: hash } as Record<string, string>;
    const published = publishedDates({ definition_hashes }, { ...checkedNow, ...stateCheckedNow });
    const rows = [started(D, late), paid(D + 5n * DAY)];
    expect(daysOf(await restated(rows, { published }))).toEqual(daysFrom([0, 4]));
  });

  it.each([
    { what: 'whose claim has expired', isExpired: true, days: [0, 29] as Days },
    { what: 'that an earlier attempt holds', claimedBy: OWNER, days: [0, 29] as Days },
    { what: 'that somebody else computes, not', claimedBy: 'another', days: null },
  ])('includes dates $what', async ({ isExpired = false, claimedBy = null, days }) => {
    const published = publishedDates({}, { status: 'running', isExpired, claimedBy });
    expect(daysOf(await restated([failed(D, late)], { published }))).toEqual(daysFrom(days));
  });
});

function snapshotAt(now: bigint): LabelKnowledge {
  const at = formatInstant(now);
  return { at, batch: 2, completeThrough: at };
}

function publishedDates(
  manifest: Partial<PartitionManifest> = {},
  row: Partial<LedgerRow> = {},
): LedgerRow[] {
  const known_at = manifest.known_at ?? formatInstant(K);
  return daysFrom([FIRST, LAST]).map((day) => {
    const date = addDays(ZERO, day);
    const { schemaHash: schema_hash, definitionHashes: definition_hashes } = featureSet;
    const made = { schema_hash, definition_hashes };
    const known = { known_at, label_known_at: known_at, label_mature: true, ...made, ...manifest };
    return {
      date,
      status: 'succeeded',
      isExpired: false,
      manifest: testManifest(date, known),
      checkedThroughBatch: null,
      checkedKnownAt: null,
      stateCheckedThroughBatch: null,
      stateCheckedKnownAt: null,
      ...row,
    } as LedgerRow;
  });
}

function reasonsOf(requests: readonly PartitionRequest[]): string[] {
  return [...new Set(requests.map(({ reason }) => reason))];
}

function daysOf(requests: readonly PartitionRequest[]): number[] {
  return requests.map(({ date }) => dayNumber(date) - dayNumber(ZERO));
}

function daysFrom(days: Days): number[] {
  if (!days) return [];
  const [from, to] = days;
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
