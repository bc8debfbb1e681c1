/** Instants with microseconds, and the dates of days in UTC. */
export {
  formatInstant,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_SECOND,
  parseInstant,
  type EpochMicros,
} from './epoch-micros';
export {
  addDays,
  dateOf,
  datesBetween,
  dayNumber,
  midnightOf,
  parseLogicalDate,
  weekdayOf,
  type LogicalDate,
} from './logical-date';
