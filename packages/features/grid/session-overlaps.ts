import type { ColumnArray } from '../../duckdb';
import type { CollectedTiles } from './tile-collector';

interface DistinctCount {
  readonly windowDays: number;
  /** Only tiles with a value here count; absent: all do. */
  readonly column?: ColumnArray;
  /** How many moments there are. */
  readonly moments: number;
}

/** A tile's time in force: moments [from, until). */
interface Force {
  readonly from: number;
  readonly until: number;
  readonly day: number;
}

/**
 * What to add to a count of distinct sessions so that a session with several tiles counts once
 * while any of them is in force. What the earlier tiles of a session cover already is taken off
 * again: a union of intervals over the whole window, not a sum of days.
 *
 * @param onCorrection  Called with what to add for a user at a moment.
 */
export function correctOverlaps(
  tiles: CollectedTiles,
  accumulator: DistinctCount,
  onCorrection: (moment: number, user: number, value: number) => void,
): void {
  const { latest, several, user } = tiles;
  for (const session of several) {
    const last = latest[session]!;
    let covered = -Infinity;
    for (const { from, until } of inForce(tiles, last, accumulator)) {
      if (covered > from) {
        onCorrection(from, user[last]!, -1);
        onCorrection(Math.min(covered, until), user[last]!, 1);
      }
      covered = Math.max(covered, until);
    }
  }
}

/** When the tiles of a session are in force, in the order in which they begin. */
function inForce(
  { previous, day, seenAt }: CollectedTiles,
  last: number,
  { windowDays, column, moments }: DistinctCount,
): Force[] {
  const forces: Force[] = [];
  for (let tile = last; tile >= 0; tile = previous[tile]!) {
    const from = seenAt[tile]!;
    const until = Math.min(day[tile]! + windowDays, moments);
    const counts = column === undefined || column[tile]! > 0;
    if (counts && from < until) forces.push({ from, until, day: day[tile]! });
  }
  return forces.sort((a, b) => a.from - b.from || a.day - b.day);
}
