/** Scores split by outcome, each ascending: all that ranking metrics need. */
export interface RankedScores {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/** @throws RangeError when the lengths differ or a score is NaN (a NaN has no rank). */
export function rankScores(scores: Float64Array, labels: Uint8Array): RankedScores {
  if (scores.length !== labels.length) {
    throw new RangeError(`${scores.length} scores for ${labels.length} labels`);
  }
  let positiveCount = 0;
  for (let row = 0; row < labels.length; row++) {
    if (Number.isNaN(scores[row]!)) throw new RangeError(`score ${row} is NaN`);
    positiveCount += labels[row]!;
  }
  const positives = new Float64Array(positiveCount);
  const negatives = new Float64Array(labels.length - positiveCount);
  let positive = 0;
  let negative = 0;
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] === 1) positives[positive++] = scores[row]!;
    else negatives[negative++] = scores[row]!;
  }
  return { positives: positives.sort(), negatives: negatives.sort() };
}

/** One group of equal scores, from the highest score down. */
interface ScoreGroup {
  readonly positives: number;
  readonly negatives: number;
}

function* groupsFromTheTop({ positives, negatives }: RankedScores): Generator<ScoreGroup> {
  let positive = positives.length - 1;
  let negative = negatives.length - 1;
  while (positive >= 0 || negative >= 0) {
    const score = Math.max(positives[positive] ?? -Infinity, negatives[negative] ?? -Infinity);
    const firstPositive = positive;
    const firstNegative = negative;
    while (positive >= 0 && positives[positive] === score) positive--;
    while (negative >= 0 && negatives[negative] === score) negative--;
    yield { positives: firstPositive - positive, negatives: firstNegative - negative };
  }
}

/**
 * Area under the ROC curve: the share of (positive, negative) pairs in which the positive has the
 * higher score, a tie counting half (Mann–Whitney).
 *
 * @throws RangeError when either class is empty.
 */
export function areaUnderRoc(ranked: RankedScores): number {
  requireBoth(ranked);
  let positivesAbove = 0;
  let wins = 0;
  for (const group of groupsFromTheTop(ranked)) {
    wins += group.negatives * (positivesAbove + group.positives / 2);
    positivesAbove += group.positives;
  }
  return wins / ranked.positives.length / ranked.negatives.length;
}

/**
 * Average precision, Σ (Rₖ − Rₖ₋₁) · Pₖ over the distinct scores, as scikit-learn defines it (no
 * interpolation).
 *
 * @throws RangeError when either class is empty.
 */
export function averagePrecision(ranked: RankedScores): number {
  requireBoth(ranked);
  let positives = 0;
  let rows = 0;
  let sum = 0;
  for (const group of groupsFromTheTop(ranked)) {
    positives += group.positives;
    rows += group.positives + group.negatives;
    sum += (group.positives * positives) / rows;
  }
  return sum / ranked.positives.length;
}

/**
 * Positive rate among the tenth of the rows (rounded up) with the highest scores ÷ the positive
 * rate of all. Of a group of equal scores at the edge, a proportional part counts.
 *
 * @throws RangeError when either class is empty.
 */
export function topDecileLift(ranked: RankedScores): number {
  requireBoth(ranked);
  const total = ranked.positives.length + ranked.negatives.length;
  const wanted = Math.ceil(total / 10);
  let rows = 0;
  let positives = 0;
  for (const group of groupsFromTheTop(ranked)) {
    const size = group.positives + group.negatives;
    const taken = Math.min(size, wanted - rows);
    positives += group.positives * (taken / size);
    rows += taken;
    if (rows === wanted) break;
  }
  return positives / wanted / (ranked.positives.length / total);
}

/** Whether some score has all of one outcome on one side and all of the other on the other. */
export function isSeparated({ positives, negatives }: RankedScores): boolean {
  const isAbove = positives[0]! >= negatives.at(-1)!;
  const isBelow = positives.at(-1)! <= negatives[0]!;
  return isAbove || isBelow;
}

function requireBoth({ positives, negatives }: RankedScores): void {
  if (positives.length === 0 || negatives.length === 0) {
    throw new RangeError('ranking metrics need rows of both outcomes');
  }
}
