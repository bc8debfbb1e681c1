import { MICROS_PER_DAY } from '../../instants';

/** A day after any that there is: what touches for ever touches until then. */
export const FOREVER = 1_000_000;

const DAY = MICROS_PER_DAY.toString();

/**
 * SQL for the number of the first midnight ≥ an instant, in days since 1970. Shifted by a million
 * days: DuckDB's division rounds towards 0, which is up for instants before 1970.
 *
 * @param micros  SQL for the instant in epoch microseconds.
 */
export function firstMidnight(micros: string): string {
  return `((${micros} + 1000001 * ${DAY} - 1) // ${DAY} - 1000000)`;
}
