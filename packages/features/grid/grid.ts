import { MICROS_PER_DAY, type EpochMicros } from '../../instants';

const DAY = Number(MICROS_PER_DAY);

/** K with its S, in epoch microseconds: rows with `ingestedAt <= at` in batches `<= batch` are known. */
export interface KnowledgeMicros {
  readonly at: EpochMicros;
  readonly batch: number;
}

/** L with its S, in epoch microseconds, and how far the source was complete in it (null: never said). */
export interface LabelKnowledgeMicros extends KnowledgeMicros {
  readonly completeThrough: EpochMicros | null;
}

/**
 * The moments to compute: T_i = first + i · 24 h, for 0 ≤ i < count. A single moment, at any
 * microsecond, is a grid of one; a daily partition is a grid of one at midnight.
 */
export interface Grid {
  readonly first: EpochMicros;
  readonly count: number;
  /** K and S per moment, neither ever falling; or one pair for all moments. */
  readonly knowledge: readonly KnowledgeMicros[];
  readonly label: LabelKnowledgeMicros;
}

/** @throws RangeError when the grid is empty or its knowledge does not fit it. */
export function validateGrid(grid: Grid): Grid {
  if (!Number.isInteger(grid.count) || grid.count < 1)
    throw new RangeError('a grid needs a moment');
  const { knowledge } = grid;
  if (knowledge.length !== 1 && knowledge.length !== grid.count) {
    throw new RangeError(`${grid.count} moments can not have ${knowledge.length} knowledges`);
  }
  const falls = knowledge.some((now, index) => {
    const before = knowledge[index - 1];
    return before !== undefined && (now.at < before.at || now.batch < before.batch);
  });
  if (falls) throw new RangeError('knowledge must not fall from one moment to the next');
  return grid;
}

/** T_i. */
export function momentOf(grid: Grid, index: number): EpochMicros {
  return grid.first + BigInt(index) * MICROS_PER_DAY;
}

/**
 * The index of the first moment at or after an instant, by its microseconds since the first moment:
 * negative for one a day or more before that. Exact over spans below 285 years: there a quotient that
 * is no whole number of days is at least 1 µs ÷ 24 h = 1.2e-11 away from one, and doubles lie closer.
 */
export function indexAtOrAfter(sinceFirst: number): number {
  return Math.ceil(sinceFirst / DAY);
}
