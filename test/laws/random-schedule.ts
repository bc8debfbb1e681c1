import fc from 'fast-check';
import type { LabelKnowledge } from '../../packages/contracts/knowledge';
import {
  formatInstant,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
} from '../../packages/instants/epoch-micros';
import { dateOf } from '../../packages/instants/logical-date';
import type { PartitionRequest } from '../../packages/offline-store/partition-request';
import { BASE, BATCHES } from './random-world';

const DAY = MICROS_PER_DAY;
const HOUR = MICROS_PER_HOUR;

/** A partition, and the step of the schedule that publishes it first. */
export interface Published {
  readonly date: string;
  readonly kind: 'latest' | 'pinned';
  readonly step: number;
}

/** Batches arrive one after the other; each step has one more, the last one only more time. */
export interface Schedule {
  readonly snapshots: readonly LabelKnowledge[];
  readonly partitions: readonly Published[];
}

const partition = fc.record({
  day: fc.constantFrom(0n, 1n, -1n, 6n, 7n, 8n, 29n, 30n, 31n, -22n, -23n, -40n, 60n, 90n),
  kind: fc.constantFrom('latest', 'latest', 'pinned' as const),
  step: fc.constantFrom(0, 0, 1, 2),
});

export const randomSchedule: fc.Arbitrary<Schedule> = fc
  .record({
    passes: fc.array(fc.constantFrom(HOUR, DAY, 21n * DAY, 30n * DAY), {
      minLength: BATCHES,
      maxLength: BATCHES,
    }),
    lags: fc.constantFrom(0n, DAY, null),
    partitions: fc.uniqueArray(partition, {
      selector: ({ day }) => day,
      minLength: 1,
      maxLength: 7,
      size: 'max',
    }),
  })
  .map(({ passes, lags, partitions }) => ({
    snapshots: snapshotsAfter(passes, lags),
    partitions: partitions
      .map(({ day, kind, step }) => ({ date: dateOf(BASE + day * DAY), kind, step }))
      .sort((a, b) => (a.date < b.date ? -1 : 1)),
  }));

/** @param lags By how much the source's completeness lags; null: at first it is not known at all. */
function snapshotsAfter(passes: readonly bigint[], lags: bigint | null): LabelKnowledge[] {
  let now = BASE + 8n * DAY + HOUR;
  const moments = [now, ...passes.map((passed) => (now += passed))];
  return moments.map((moment, index) => {
    const isUnknown = lags === null && index < 2;
    return {
      at: formatInstant(moment),
      batch: Math.min(index + 1, BATCHES),
      completeThrough: isUnknown ? null : formatInstant(moment - (lags ?? 0n)),
    };
  });
}

/** What publishes a partition at a moment of the schedule. */
export function requestAt(
  { date, kind, step }: Published,
  { snapshots }: Schedule,
  now: LabelKnowledge,
): PartitionRequest {
  const { at, batch } = kind === 'latest' ? now : snapshots[step]!;
  return { date, kind, known: { at, batch }, label: now, reason: 'backfill' };
}
