import type { LoadWarning } from '../load-warning';
import type { ClockChange } from './clock-changes';

/** The user events around a change of the clocks; hours are those of the times as they were read. */
export interface RowsAroundChange {
  readonly change: ClockChange;
  /** Rows by hour, 0 to 23, of the day of the change. */
  readonly onTheDay: readonly number[];
  /** Rows by hour of the seven days before it, and of the seven after it. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** With fewer rows in the hour on an ordinary day, none at all may be chance. */
const USUAL_ROWS_MIN = 20;
const WEEK_ROWS_MIN = 2_000;
/** A difference between two weeks counts if it is so many times what chance makes of their rows. */
const NOISE_RATIO_MIN = 1.5;
/** The shifted rhythm must fit this much better than the one that stayed. */
const DISTANCE_RATIO_MAX = 0.5;

/**
 * Whether times look like local times that were read as UTC: in spring an hour of them is missing, or
 * the rhythm of the day jumps with the clocks, forward in spring and back in autumn. The opposite jump
 * is no fault: so the life of people with summer time looks in UTC.
 */
export function localTimes(changes: readonly RowsAroundChange[]): LoadWarning[] {
  const suspect = changes.filter((around) => lacksAnHour(around) || jumpsWithTheClocks(around));
  const first = suspect[0];
  if (!first) return [];
  return [
    {
      code: 'local_time',
      table: 'user_events',
      count: suspect.length,
      message: `The times of user_events look like local times: around ${first.change.date}, when the clocks change in ${first.change.region}, ${lacksAnHour(first) ? 'an hour is missing' : 'the rhythm of the day jumps by an hour'}. Times without a zone are read as UTC. Export them in UTC or with their offset.`,
    },
  ];
}

/** Local clocks skip an hour in spring; a whole hour without events in the middle of others. */
function lacksAnHour({ change, onTheDay, before, after }: RowsAroundChange): boolean {
  if (change.season !== 'spring') return false;
  const usual = (hour: number) => Math.min(before[hour]!, after[hour]!) / 7;
  return change.skippedHours.some(
    (hour) =>
      onTheDay[hour] === 0 &&
      usual(hour) >= USUAL_ROWS_MIN &&
      onTheDay[hour - 1]! > 0 &&
      onTheDay[hour + 1]! > 0,
  );
}

function jumpsWithTheClocks({ change, before, after }: RowsAroundChange): boolean {
  if (Math.min(sum(before), sum(after)) < WEEK_ROWS_MIN) return false;
  const withTheClocks = change.season === 'spring' ? 1 : -1;
  const stayed = distance(before, after, 0);
  const jumped = distance(before, after, withTheClocks);
  // The mean distance of two samples of one rhythm, of the smaller's size.
  const noise = Math.sqrt(2 / Math.PI) * Math.sqrt(48 / Math.min(sum(before), sum(after)));
  return stayed >= NOISE_RATIO_MIN * noise && jumped <= DISTANCE_RATIO_MAX * stayed;
}

/** Between two rhythms, the first moved by some hours; 0 where they are the same, at most 2. */
function distance(before: readonly number[], after: readonly number[], hours: number): number {
  const [all, allAfter] = [sum(before), sum(after)];
  return after.reduce((total, rows, hour) => {
    const moved = before[(hour - hours + 24) % 24]!;
    return total + Math.abs(rows / allAfter - moved / all);
  }, 0);
}

function sum(rows: readonly number[]): number {
  return rows.reduce((total, count) => total + count, 0);
}
