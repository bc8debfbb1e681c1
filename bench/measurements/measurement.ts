import type { IdShape } from '../world/id-sql';

/** A row of the one table; every cell is text. An empty budget: reported, not judged. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly peer: string;
  readonly ratio: string;
  readonly budget: string;
  readonly verdict: '' | 'yes' | 'NO' | 'not run';
}

export interface BenchOptions {
  readonly users: number;
  readonly days: number;
  /** Of all worlds. */
  readonly ids: IdShape;
  /** Users of the world in which late data is restated. */
  readonly restateUsers: number;
  /** Users of the measurements that are defined for 100,000. */
  readonly manyUsers: number;
  /** User events of the raw load. */
  readonly loadEvents: number;
  /** Rounds of each measurement; ours and the peer take turns, the best of each counts. */
  readonly rounds: number;
  /** Rounds of the big backfill. */
  readonly backfillRounds: number;
  /** A temporary folder that is removed at the end. */
  readonly scratch: string;
  /** What is going on, for people; goes to stderr. */
  readonly note: (text: string) => void;
}

/** One file below bench/measurements each. */
export type Measurement = (options: BenchOptions) => Promise<Row[]>;

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1_000;
}

export function budgetVerdict(isMet: boolean): 'yes' | 'NO' {
  return isMet ? 'yes' : 'NO';
}

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

export function formatSeconds(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1_000)} ms` : `${seconds.toFixed(2)} s`;
}

export function formatRate(rows: number, seconds: number): string {
  return `${formatCount(rows / seconds)} rows/s (${formatSeconds(seconds)})`;
}

export function formatGiB(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
