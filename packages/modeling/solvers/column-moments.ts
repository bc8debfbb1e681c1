/** A column's first two moments; `standardDeviation` is the population's (divided by n). */
export interface ColumnMoments {
  readonly mean: number;
  readonly standardDeviation: number;
  /** Whether every value is the same (compared as values: rounding can't make it look varied). */
  readonly isConstant: boolean;
}

const BLOCK_ROWS = 4096;

/** Two passes, summed in blocks, so that millions of rows lose no digits. NaNs are not expected. */
export function columnMoments(column: Float64Array): ColumnMoments {
  const rows = column.length;
  if (rows === 0) return { mean: 0, standardDeviation: 0, isConstant: true };
  const { sum, isConstant } = sumOf(column);
  if (isConstant) return { mean: column[0]!, standardDeviation: 0, isConstant };
  const mean = sum / rows;
  return { mean, standardDeviation: Math.sqrt(squaresAround(column, mean) / rows), isConstant };
}

function sumOf(column: Float64Array): { sum: number; isConstant: boolean } {
  const first = column[0]!;
  let isConstant = true;
  let sum = 0;
  for (let start = 0; start < column.length; start += BLOCK_ROWS) {
    const end = Math.min(start + BLOCK_ROWS, column.length);
    let part = 0;
    for (let row = start; row < end; row++) {
      const value = column[row]!;
      part += value;
      if (value !== first) isConstant = false;
    }
    sum += part;
  }
  return { sum, isConstant };
}

function squaresAround(column: Float64Array, center: number): number {
  let sum = 0;
  for (let start = 0; start < column.length; start += BLOCK_ROWS) {
    const end = Math.min(start + BLOCK_ROWS, column.length);
    let part = 0;
    for (let row = start; row < end; row++) part += (column[row]! - center) ** 2;
    sum += part;
  }
  return sum;
}
