import { ChurnError } from '../contracts';

/** Rows to learn from, column by column: `columns[j][i]` is feature j of row i, `labels[i]` 0 or 1. */
export interface TrainingMatrix {
  readonly featureNames: readonly string[];
  readonly rows: number;
  readonly columns: readonly Float64Array[];
  readonly labels: Uint8Array;
}

/**
 * @throws RangeError when the shapes differ, a value is NaN or infinite, or a label is not 0 or 1:
 *   one NaN would silently turn every weight into NaN.
 */
export function createTrainingMatrix(
  featureNames: readonly string[],
  columns: readonly Float64Array[],
  labels: Uint8Array,
): TrainingMatrix {
  if (columns.length !== featureNames.length) {
    throw new RangeError(`${columns.length} columns for ${featureNames.length} feature names`);
  }
  columns.forEach((column, index) => {
    const name = featureNames[index]!;
    if (column.length !== labels.length) {
      throw new RangeError(`${name} has ${column.length} rows, the labels have ${labels.length}`);
    }
    if (!isFinite(column)) throw new RangeError(`${name} has a value that is not a finite number`);
  });
  if (labels.some((label) => label > 1)) throw new RangeError('a label is neither 0 nor 1');
  return { featureNames, rows: labels.length, columns, labels };
}

function isFinite(column: Float64Array): boolean {
  // x − x is NaN exactly for NaN and ±Infinity, and one NaN makes the sum NaN.
  let sum = 0;
  for (let row = 0; row < column.length; row++) sum += column[row]! - column[row]!;
  return sum === 0;
}

export function countPositives(labels: Uint8Array): number {
  let positives = 0;
  for (let row = 0; row < labels.length; row++) positives += labels[row]!;
  return positives;
}

/** @throws ChurnError NOT_ENOUGH_TRAINING_DATA without rows or when every label is the same. */
export function requireBothClasses(labels: Uint8Array, asOf: string, rowsAre: string): void {
  const positives = countPositives(labels);
  if (positives > 0 && positives < labels.length) return;
  const problem =
    labels.length === 0
      ? `there are no eligible ${rowsAre} rows`
      : `${positives === 0 ? 'no' : 'every'} user in the ${labels.length} eligible ${rowsAre} rows churned`;
  throw new ChurnError('NOT_ENOUGH_TRAINING_DATA', { asOf, problem });
}
