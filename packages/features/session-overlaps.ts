import type { ColumnArray } from '../duckdb';
import type { CollectedFacts } from './fact-collector';

interface DistinctCount {
  readonly windowDays: number;
  /** Only facts with a value here count; absent: all do. */
  readonly column?: ColumnArray;
  /** How many moments there are. */
  readonly moments: number;
}

/** A fact's time in force: moments [from, until). */
interface Force {
  readonly from: number;
  readonly until: number;
  readonly day: number;
}

/**
 * What to add to a count of distinct sessions so that a session with several facts counts once
 * while any of them is in force. What the earlier facts of a session cover already is taken off
 * again: a union of intervals over the whole window, not a sum of days.
 *
 * @param onCorrection  Called with what to add for a user at a moment.
 */
export function correctOverlaps(
  facts: CollectedFacts,
  channel: DistinctCount,
  onCorrection: (moment: number, user: number, value: number) => void,
): void {
  const { latest, several, user } = facts;
  for (const session of several) {
    const last = latest[session]!;
    let covered = -Infinity;
    for (const { from, until } of inForce(facts, last, channel)) {
      if (covered > from) {
        onCorrection(from, user[last]!, -1);
        onCorrection(Math.min(covered, until), user[last]!, 1);
      }
      covered = Math.max(covered, until);
    }
  }
}

/** When the facts of a session are in force, in the order in which they begin. */
function inForce(
  { previous, day, seenAt }: CollectedFacts,
  last: number,
  { windowDays, column, moments }: DistinctCount,
): Force[] {
  const forces: Force[] = [];
  for (let fact = last; fact >= 0; fact = previous[fact]!) {
    const from = seenAt[fact]!;
    const until = Math.min(day[fact]! + windowDays, moments);
    const counts = column === undefined || column[fact]! > 0;
    if (counts && from < until) forces.push({ from, until, day: day[fact]! });
  }
  return forces.sort((a, b) => a.from - b.from || a.day - b.day);
}
