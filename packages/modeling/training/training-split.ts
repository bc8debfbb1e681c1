import { ChurnError } from '../../contracts';
import { addDays, datesBetween, type LogicalDate } from '../../instants';

export const LABEL_HORIZON_DAYS = 30;
/** A label counts this long after its window closed, so that late events are in. */
export const LABEL_GRACE_DAYS = 1;
const VALIDATION_DAYS = 30;
const PURGED_GAP_DAYS = 30;
const TRAINING_MONTHS = 6;
const MIN_TRAINING_DAYS = 30;

export interface DaySplit {
  readonly training: readonly LogicalDate[];
  readonly validation: readonly LogicalDate[];
  /** First and last day of the purged gap, both inclusive. */
  readonly gap: { readonly from: LogicalDate; readonly to: LogicalDate };
  /** Days with a known label that are in neither: why. */
  readonly left: Readonly<Record<'purged_gap' | 'before_training', readonly LogicalDate[]>>;
}

/**
 * Splits days in time. Usable days have T + 31 d ≤ asOf 00:00Z (30 days of label, one of grace).
 * Validation is the last 30 of them; the 30 calendar days before it are purged, so that no training
 * label looks into the validation period; training is the 6 calendar months before the gap, or what
 * there is of them.
 *
 * @param labelledDays  Days that have a partition with a known label, in any order, each once.
 * @throws ChurnError NOT_ENOUGH_TRAINING_DATA with fewer than 30 training days.
 */
export function splitDays(labelledDays: readonly LogicalDate[], asOf: LogicalDate): DaySplit {
  const last = lastUsableDay(asOf);
  const usable = labelledDays.filter((day) => day <= last).sort();
  const validation = usable.slice(-VALIDATION_DAYS);
  const firstValidation = validation[0];
  if (firstValidation === undefined) {
    throw notEnough(asOf, `no partition up to ${last} has a known label`);
  }
  const gap = {
    from: addDays(firstValidation, -PURGED_GAP_DAYS),
    to: addDays(firstValidation, -1),
  };
  const windowStart = subtractMonths(gap.from, TRAINING_MONTHS);
  const training = usable.filter((day) => day >= windowStart && day < gap.from);
  if (training.length < MIN_TRAINING_DAYS) {
    throw notEnough(
      asOf,
      `there are ${training.length} training days before the purged gap (${gap.from} to ${gap.to}), ` +
        `but ${MIN_TRAINING_DAYS} are needed; ${usable.length} days up to ${last} have a known label`,
    );
  }
  return {
    training,
    validation,
    gap,
    left: {
      purged_gap: usable.filter((day) => day >= gap.from && day <= gap.to),
      before_training: usable.filter((day) => day < windowStart),
    },
  };
}

/** The last T with T + 31 d ≤ asOf 00:00Z. */
export function lastUsableDay(asOf: LogicalDate): LogicalDate {
  return addDays(asOf, -(LABEL_HORIZON_DAYS + LABEL_GRACE_DAYS));
}

/** The same day of the month `months` earlier, or that month's last day: 08-31 − 6 → 02-29. */
export function subtractMonths(date: LogicalDate, months: number): LogicalDate {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  const monthIndex = year * 12 + (month - 1) - months;
  const prefix = `${String(Math.floor(monthIndex / 12)).padStart(4, '0')}-${String((monthIndex % 12) + 1).padStart(2, '0')}`;
  const first = `${prefix}-01`;
  const monthDays = datesBetween(first, addDays(first, 30)).filter((d) => d.startsWith(prefix));
  return monthDays[Math.min(day, monthDays.length) - 1]!;
}

function notEnough(asOf: LogicalDate, problem: string): ChurnError {
  return new ChurnError('NOT_ENOUGH_TRAINING_DATA', { asOf, problem });
}
