import { formatInstant, MICROS_PER_DAY, type EpochMicros } from '../../instants';
import type { LoadWarning } from '../load-warning';

/** The user events of a day in UTC. */
export interface EventDay {
  readonly rows: number;
  readonly first: EpochMicros;
  readonly last: EpochMicros;
}

export interface StrayEvents {
  readonly warnings: readonly LoadWarning[];
  /** The last event that is not far from the rest; null where none is. */
  readonly lastBefore: EpochMicros | null;
}

const ROWS_MIN = 100;
/** Events after a gap are stray if they are at most this share of all rows, or a single one. */
const STRAY_SHARE_MAX = 0.001;
const GAP_DAYS_MIN = 7n;
/** A source may be quiet for weeks: the gap must be this many times as long as any other. */
const GAP_RATIO_MIN = 3n;

/**
 * Finds events that lie far after all the others, as a device with a wrong clock sends them. The
 * greatest event time says how far the source is complete: such a one would say that everybody has
 * been silent since.
 *
 * @param days  The days that have events, the latest ones, ascending.
 * @param total  The rows of all days.
 */
export function strayLastEvents(days: readonly EventDay[], total: number): StrayEvents {
  const none = { warnings: [], lastBefore: null };
  if (total < ROWS_MIN) return none;
  const at = indexOfStray(days, Math.max(1, Math.floor(total * STRAY_SHARE_MAX)));
  if (at === null) return none;
  const lastBefore = days[at - 1]!.last;
  const rows = days.slice(at).reduce((sum, day) => sum + day.rows, 0);
  const gapDays = Number((days[at]!.first - lastBefore) / MICROS_PER_DAY);
  const [are, lie] = rows === 1 ? ['event', 'lies'] : ['events', 'lie'];
  const message = `The last ${rows === 1 ? '' : `${rows} `}user ${are} of the load ${lie} ${gapDays} days after all the others. Unless --complete-through says otherwise, the source counts as complete up to ${formatInstant(lastBefore)}, the last event before that gap. If their times are wrong, leave these rows out of the import.`;
  return {
    warnings: [{ code: 'stray_last_event', table: 'user_events', count: rows, message }],
    lastBefore,
  };
}

/** The first day after the earliest gap that leaves few enough rows behind it. */
function indexOfStray(days: readonly EventDay[], rowsMax: number): number | null {
  const gaps = days.map((day, index) => (index === 0 ? 0n : day.first - days[index - 1]!.last));
  let found: number | null = null;
  let rows = 0;
  for (let index = days.length - 1; index > 0; index -= 1) {
    rows += days[index]!.rows;
    if (rows > rowsMax) break;
    if (gaps[index]! >= GAP_DAYS_MIN * MICROS_PER_DAY) found = index;
  }
  if (found === null) return null;
  const longestBefore = gaps.slice(1, found).reduce((most, gap) => (gap > most ? gap : most), 0n);
  return gaps[found]! >= GAP_RATIO_MIN * longestBefore ? found : null;
}
