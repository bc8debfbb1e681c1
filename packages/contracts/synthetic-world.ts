/**
 * A subscription business that never existed, and its whole future: a pure function of these four
 * values. It opens at `start` 00:00Z and has no end. An installation records whose world it holds.
 */
export interface SyntheticWorld {
  /** Which rules it follows: one version's rows never change. */
  readonly version: number;
  readonly seed: number;
  /** How many sign up within the first 365 days. Later ones follow at the same daily rate. */
  readonly users: number;
  /** The first day, YYYY-MM-DD. */
  readonly start: string;
}
