import { featureSet, type FeatureSet } from '../../../../packages/features/feature-set';
import { planAccumulators } from '../../../../packages/features/grid/accumulators';
import type { Grid } from '../../../../packages/features/grid/grid';
import { neededSegments } from '../../../../packages/features/grid/needed-segments';
import type { SourceTable } from '../../../../packages/features/language/feature-definition';
import type { Segment } from '../../../../packages/features/segments';
import { MICROS_PER_DAY } from '../../../../packages/instants/epoch-micros';
import { midnightOf } from '../../../../packages/instants/logical-date';

const T = midnightOf('2024-06-01');
const at = (day: number, micros = 0n) => T + BigInt(day) * MICROS_PER_DAY + micros;
const K = at(0, 3_600_000_000n);

/** Two moments, a day apart; the first knows batches to 5 that arrived until K. */
const grid: Grid = {
  first: T,
  count: 2,
  knowledge: [
    { at: K, batch: 5 },
    { at: K + MICROS_PER_DAY, batch: 6 },
  ],
  label: { at: at(60), batch: 9, completeThrough: null },
};

interface Held {
  readonly first: bigint;
  readonly last: bigint;
  readonly arrival?: bigint;
  readonly batch?: number;
  readonly rows?: number;
}

function segmentOf({ first, last, arrival = last, batch = 1, rows = 10 }: Held): Segment {
  const statistics = {
    rows,
    latestRows: 2,
    firstTime: rows === 0 ? null : first,
    lastTime: rows === 0 ? null : last,
    lastArrival: rows === 0 ? null : arrival,
  };
  return { file: 'one.parquet', firstBatch: 1, lastBatch: batch, statistics };
}

function neededOf(held: Held | Segment, source: SourceTable, features: FeatureSet = featureSet) {
  const segment = 'file' in held ? held : segmentOf(held);
  const plan = planAccumulators(features).sources.find((each) => each.source === source)!;
  const { whole, latest } = neededSegments([segment], { featureSet: features, plan, grid });
  return whole.length > 0 ? 'whole' : latest.length > 0 ? 'latest' : 'nothing';
}

describe('of a segment, a grid needs', () => {
  it.each<[string, Held, SourceTable, string]>([
    ['all that its windows see', { first: at(-40), last: at(-30, 1n) }, 'user_events', 'whole'],
    ['what was last, before', { first: at(-40), last: at(-30) }, 'user_events', 'latest'],
    ['windows of its table', { first: at(-91), last: at(-90, 1n) }, 'billing_events', 'whole'],
    ['also there what was last', { first: at(-99), last: at(-90) }, 'billing_events', 'latest'],
    ['all plan changes', { first: at(-400), last: at(-300) }, 'plan_changes', 'whole'],
    ['what labels see', { first: at(31), last: at(40) }, 'user_events', 'whole'],
    ['nothing after', { first: at(31, 1n), last: at(40) }, 'user_events', 'nothing'],
    ['nothing after the last moment', { first: at(1, 1n), last: at(2) }, 'plan_changes', 'nothing'],
    ['nothing of no rows', { first: 0n, last: 0n, rows: 0 }, 'plan_changes', 'nothing'],
    [
      'all where the first moment does not know the last arrival',
      { first: at(-99), last: at(-40), arrival: K + 1n },
      'user_events',
      'whole',
    ],
    [
      'what was last where it does',
      { first: at(-99), last: at(-40), arrival: K, batch: 5 },
      'user_events',
      'latest',
    ],
    [
      'all where the first moment does not know the last batch',
      { first: at(-99), last: at(-40), batch: 6 },
      'user_events',
      'whole',
    ],
  ])('%s', (_what, held, source, expected) => {
    expect(neededOf(held, source)).toBe(expected);
  });

  it('all where nothing is known about it', () => {
    const unknown = { file: 'one.parquet', firstBatch: 1, lastBatch: 1 };
    expect(neededOf(unknown, 'user_events')).toBe('whole');
  });

  it('all where a feature counts what there ever was', () => {
    const [counted] = featureSet.features.filter(({ aggregate }) => aggregate.kind === 'count');
    const ever = { ...counted!, source: 'user_events' as const, windowDays: undefined };
    const features = { ...featureSet, features: [...featureSet.features, ever] };
    expect(neededOf({ first: at(-99), last: at(-40) }, 'user_events', features)).toBe('whole');
  });

  it('nothing of before its windows where nothing is remembered', () => {
    const windowed = featureSet.features.filter(({ windowDays }) => windowDays !== undefined);
    const features = { ...featureSet, features: windowed };
    expect(neededOf({ first: at(-99), last: at(-40) }, 'user_events', features)).toBe('nothing');
  });
});
