import type { KnownAtRequest } from '../../../packages/contracts/knowledge';
import type { PartitionManifest } from '../../../packages/contracts/partitions';
import type { Reprocess } from '../../../packages/contracts/reprocess';
import { featureSet } from '../../../packages/features/feature-set';
import type { LedgerRow } from '../../../packages/offline-store/ledger';
import { isStale, selectDates } from '../../../packages/offline-store/select-dates';
import { testManifest } from '../contracts/test-manifest';

const DATE = '2024-02-02';
const PINNED_AT = '2024-02-10T00:00:00.000000Z';

const manifest = testManifest(DATE, {
  known_at: '2024-02-09T00:00:00.000000Z',
  label_known_at: '2024-02-09T00:00:00.000000Z',
  schema_hash: featureSet.schemaHash,
  definition_hashes: featureSet.definitionHashes,
});

const published: LedgerRow = {
  date: DATE,
  status: 'succeeded',
  attempt: 1,
  fencingToken: 1,
  claimedBy: 'a run',
  isExpired: false,
  manifest,
  checkedThroughBatch: 1,
  checkedKnownAt: null,
  stateCheckedThroughBatch: 1,
  stateCheckedKnownAt: null,
  servedKnownAt: null,
  servedBatch: null,
  error: null,
};

const row = (more: Partial<LedgerRow>): LedgerRow => ({ ...published, ...more });
const known = (more: Partial<PartitionManifest>) => row({ manifest: { ...manifest, ...more } });
const pinned = known({ knowledge: 'pinned', known_at: PINNED_AT });
const asServed = known({ knowledge: 'as-served' });
const otherHash = { ...featureSet.definitionHashes, sessions_30d: 'of another meaning' };

interface Case {
  readonly of: string;
  readonly row: LedgerRow | undefined;
  readonly reprocess?: Reprocess;
  readonly knownAt?: KnownAtRequest;
  readonly runs: boolean;
}

const cases: Case[] = [
  { of: 'a date that never ran', row: undefined, runs: true },
  { of: 'a cancelled date', row: row({ status: 'cancelled' }), runs: true },
  { of: 'a date that another run holds', row: row({ status: 'running' }), runs: false },
  {
    of: 'a date that another run holds, even when all are asked for',
    row: row({ status: 'running' }),
    reprocess: 'all',
    runs: false,
  },
  {
    of: 'a date whose claim expired',
    row: row({ status: 'running', isExpired: true }),
    runs: true,
  },
  { of: 'a failed date', row: row({ status: 'failed' }), runs: false },
  {
    of: 'a failed date, with reprocess missing-and-failed',
    row: row({ status: 'failed' }),
    reprocess: 'missing-and-failed',
    runs: true,
  },
  {
    of: 'a failed date, with reprocess all',
    row: row({ status: 'failed' }),
    reprocess: 'all',
    runs: true,
  },
  { of: 'a published date', row: published, runs: false },
  {
    of: 'a published date, with reprocess missing-and-failed',
    row: published,
    reprocess: 'missing-and-failed',
    runs: false,
  },
  {
    of: 'a published date, with reprocess all',
    row: published,
    reprocess: 'all',
    runs: true,
  },
  { of: 'a date that succeeded without a manifest', row: row({ manifest: null }), runs: true },
  { of: 'a date of another schema', row: known({ schema_hash: 'other' }), runs: true },
  {
    of: 'a date of another definition',
    row: known({ definition_hashes: otherHash }),
    runs: true,
  },
  { of: 'a latest date, asked for as served', row: published, knownAt: 'as-served', runs: true },
  { of: 'a latest date, pinned', row: published, knownAt: PINNED_AT, runs: true },
  { of: 'an as-served date, as served', row: asServed, knownAt: 'as-served', runs: false },
  { of: 'an as-served date, asked for as latest', row: asServed, runs: true },
  { of: 'a pinned date, pinned to the same', row: pinned, knownAt: PINNED_AT, runs: false },
  {
    of: 'a pinned date, pinned to another moment',
    row: pinned,
    knownAt: '2024-02-11T00:00:00.000000Z',
    runs: true,
  },
  { of: 'a pinned date, asked for as latest', row: pinned, runs: true },
];

describe('a backfill', () => {
  it.each(cases)('of $of: runs is $runs', ({ row: ofDate, reprocess, knownAt, runs }) => {
    const selection = {
      from: DATE,
      to: DATE,
      reprocess: reprocess ?? 'missing',
      knownAt: knownAt ?? 'latest',
    } as const;
    expect(selectDates(selection, ofDate ? [ofDate] : [], featureSet)).toEqual(runs ? [DATE] : []);
  });

  it('of a range decides date by date, both ends inclusive, in order', () => {
    const selection = {
      from: '2024-01-31',
      to: '2024-02-03',
      reprocess: 'missing',
      knownAt: 'latest',
    } as const;
    const rows = [published, row({ date: '2024-02-04' })];
    expect(selectDates(selection, rows, featureSet)).toEqual([
      '2024-01-31',
      '2024-02-01',
      '2024-02-03',
    ]);
  });
});

it('a partition is stale when its schema or a definition is not the present one', () => {
  expect(isStale(manifest, featureSet)).toBe(false);
  expect(isStale({ ...manifest, schema_hash: 'other' }, featureSet)).toBe(true);
  expect(isStale({ ...manifest, definition_hashes: otherHash }, featureSet)).toBe(true);
});
