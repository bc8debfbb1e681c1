import type { Scorer } from './boosted-trees';

export interface FittedLogistic {
  readonly score: Scorer;
  /** Per standard deviation of each feature. */
  readonly coefficients: readonly number[];
}

/** Plain logistic regression on standardised features, by Newton's method to convergence. */
export function fitLogisticRegression(
  rows: readonly (readonly number[])[],
  churned: readonly boolean[],
): FittedLogistic {
  const width = rows[0]!.length;
  const scales = Array.from({ length: width }, (_, feature) => scaleOf(rows, feature));
  const standardised = (row: readonly number[]): number[] => [
    1,
    ...row.map((value, feature) => (value - scales[feature]!.mean) / scales[feature]!.deviation),
  ];
  const inputs = rows.map(standardised);
  let weights: number[] = new Array<number>(width + 1).fill(0);
  for (let iteration = 0; iteration < 12; iteration += 1) {
    const step = newtonStep(inputs, churned, weights);
    weights = weights.map((weight, place) => weight + step[place]!);
  }
  const score: Scorer = (row) =>
    standardised(row).reduce((total, value, place) => total + value * weights[place]!, 0);
  return { score, coefficients: weights.slice(1) };
}

function scaleOf(rows: readonly (readonly number[])[], feature: number) {
  const mean = rows.reduce((total, row) => total + row[feature]!, 0) / rows.length;
  const variance =
    rows.reduce((total, row) => total + (row[feature]! - mean) ** 2, 0) / rows.length;
  return { mean, deviation: Math.sqrt(variance) || 1 };
}

function newtonStep(
  inputs: readonly (readonly number[])[],
  churned: readonly boolean[],
  weights: readonly number[],
): number[] {
  const size = weights.length;
  const gradient = new Array<number>(size).fill(0);
  const hessian = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  inputs.forEach((input, row) => {
    const margin = input.reduce((total, value, place) => total + value * weights[place]!, 0);
    const chance = 1 / (1 + Math.exp(-margin));
    for (let left = 0; left < size; left += 1) {
      gradient[left]! += ((churned[row] ? 1 : 0) - chance) * input[left]!;
      for (let right = 0; right < size; right += 1) {
        hessian[left]![right]! += chance * (1 - chance) * input[left]! * input[right]!;
      }
    }
  });
  return solve(hessian, gradient);
}

/** Gaussian elimination with partial pivoting. */
function solve(matrix: number[][], right: number[]): number[] {
  const size = right.length;
  const rows = matrix.map((row, place) => [...row, right[place]!]);
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < size; row += 1) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let row = 0; row < size; row += 1) {
      if (row === column) continue;
      const factor = rows[row]![column]! / rows[column]![column]!;
      rows[row] = rows[row]!.map((value, place) => value - factor * rows[column]![place]!);
    }
  }
  return rows.map((row, place) => row[size]! / row[place]!);
}
