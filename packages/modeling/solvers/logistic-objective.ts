import { columnMoments } from './column-moments';
import type { TrainingMatrix } from '../training-matrix';

/** The columns that vary, with what standardises them. */
export interface StandardisedDesign {
  readonly design: TrainingMatrix;
  readonly means: Float64Array;
  /** 1 where the column is constant. */
  readonly standardDeviations: Float64Array;
  readonly isConstant: readonly boolean[];
  /** Indices of the columns that are not constant: only these are solved for. */
  readonly active: readonly number[];
}

export function standardise(design: TrainingMatrix): StandardisedDesign {
  const moments = design.columns.map(columnMoments);
  const isConstant = moments.map((moment) => moment.isConstant || moment.standardDeviation === 0);
  return {
    design,
    means: Float64Array.from(moments, (moment) => moment.mean),
    standardDeviations: Float64Array.from(moments, (moment, index) =>
      isConstant[index] ? 1 : moment.standardDeviation,
    ),
    isConstant,
    active: isConstant.flatMap((constant, index) => (constant ? [] : [index])),
  };
}

/** Rows 0, n, 2n, …, on the scale of all rows. */
export function everyNth(standardised: StandardisedDesign, stride: number): StandardisedDesign {
  const { design } = standardised;
  const rows = Math.ceil(design.rows / stride);
  const columns = design.columns.map((column) => {
    const sampled = new Float64Array(rows);
    for (let row = 0; row < rows; row++) sampled[row] = column[row * stride]!;
    return sampled;
  });
  const labels = Uint8Array.from({ length: rows }, (_, row) => design.labels[row * stride]!);
  return { ...standardised, design: { ...design, rows, columns, labels } };
}

/** Σ log loss at one point, with its derivatives by (intercept, active weights…); no penalty. */
export interface ObjectiveValue {
  readonly rows: number;
  readonly loss: number;
  readonly gradient: Float64Array;
  /** Row-major, symmetric, (k + 1) × (k + 1). */
  readonly hessian: Float64Array;
}

// 512 rows × 8 columns stay in the first-level cache; and (1 + e)^512 ≤ 2^512 does not overflow.
const BLOCK_ROWS = 512;

/**
 * Loss, gradient and Hessian in one pass over the rows.
 *
 * Works in blocks of columns: standardises a block, forms the logits, then accumulates each entry
 * of the Hessian in its own tight loop. Block sums are added to the totals, so that two million
 * rows keep their digits. Σ log(1 + e) over a block is one logarithm of a product.
 *
 * @param parameters intercept, then one weight per active column.
 */
export function logisticObjective(
  standardised: StandardisedDesign,
  parameters: Float64Array,
): ObjectiveValue {
  const { design, active } = standardised;
  const width = active.length + 1;
  const gradient = new Float64Array(width);
  const hessian = new Float64Array(width * width);
  const block = createBlock(width);
  let loss = 0;
  for (let start = 0; start < design.rows; start += BLOCK_ROWS) {
    const rows = Math.min(BLOCK_ROWS, design.rows - start);
    fillBlock(block, standardised, start, rows);
    formLogits(block, parameters, rows);
    loss += formResiduals(block, design.labels, start, rows);
    addGradient(block, rows, gradient);
    addHessian(block, rows, hessian);
  }
  mirrorUpperTriangle(hessian, width);
  return { rows: design.rows, loss, gradient, hessian };
}

interface Block {
  /** One array per parameter; the first is all ones. */
  readonly inputs: readonly Float64Array[];
  readonly logits: Float64Array;
  readonly residuals: Float64Array;
  readonly weights: Float64Array;
  readonly weighted: Float64Array;
}

function createBlock(width: number): Block {
  const inputs = Array.from({ length: width }, () => new Float64Array(BLOCK_ROWS));
  inputs[0]!.fill(1);
  const vector = () => new Float64Array(BLOCK_ROWS);
  return {
    inputs,
    logits: vector(),
    residuals: vector(),
    weights: vector(),
    weighted: vector(),
  };
}

function fillBlock(block: Block, from: StandardisedDesign, start: number, rows: number): void {
  from.active.forEach((columnIndex, position) => {
    const column = from.design.columns[columnIndex]!;
    const mean = from.means[columnIndex]!;
    const scale = 1 / from.standardDeviations[columnIndex]!;
    const target = block.inputs[position + 1]!;
    for (let row = 0; row < rows; row++) target[row] = (column[start + row]! - mean) * scale;
  });
}

function formLogits({ inputs, logits }: Block, parameters: Float64Array, rows: number): void {
  logits.fill(parameters[0]!, 0, rows);
  for (let column = 1; column < inputs.length; column++) {
    const input = inputs[column]!;
    const weight = parameters[column]!;
    for (let row = 0; row < rows; row++) logits[row]! += weight * input[row]!;
  }
}

/** Sets residuals p − y and weights p(1 − p); returns the block's Σ log loss. */
function formResiduals(block: Block, labels: Uint8Array, start: number, rows: number): number {
  const { logits, residuals, weights } = block;
  let product = 1;
  let linear = 0;
  for (let row = 0; row < rows; row++) {
    const logit = logits[row]!;
    const label = labels[start + row]!;
    const decay = Math.exp(-Math.abs(logit));
    const near = 1 / (1 + decay);
    product *= 1 + decay;
    // log(1 + e^z) − y·z = log(1 + e^−|z|) + max(z, 0) − y·z
    linear += (logit > 0 ? logit : 0) - label * logit;
    residuals[row] = (logit >= 0 ? near : decay * near) - label;
    weights[row] = decay * near * near;
  }
  return Math.log(product) + linear;
}

function addGradient({ inputs, residuals }: Block, rows: number, gradient: Float64Array): void {
  for (let column = 0; column < inputs.length; column++) {
    gradient[column]! += dot(residuals, inputs[column]!, rows);
  }
}

/** Adds the block's upper triangle of Xᵀ·diag(weights)·X. */
function addHessian(block: Block, rows: number, hessian: Float64Array): void {
  const { inputs, weights, weighted } = block;
  const width = inputs.length;
  for (let left = 0; left < width; left++) {
    const input = inputs[left]!;
    for (let row = 0; row < rows; row++) weighted[row] = weights[row]! * input[row]!;
    let right = left;
    for (; right + 3 < width; right += 4) {
      addFourDots(weighted, inputs, right, rows, hessian, left * width + right);
    }
    for (; right < width; right++) {
      hessian[left * width + right]! += dot(weighted, inputs[right]!, rows);
    }
  }
}

/** Four products at once: `left` is read once for all four, and their sums don't wait for each other. */
function addFourDots(
  left: Float64Array,
  inputs: readonly Float64Array[],
  first: number,
  length: number,
  target: Float64Array,
  offset: number,
): void {
  const right0 = inputs[first]!;
  const right1 = inputs[first + 1]!;
  const right2 = inputs[first + 2]!;
  const right3 = inputs[first + 3]!;
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let index = 0; index < length; index++) {
    const value = left[index]!;
    sum0 += value * right0[index]!;
    sum1 += value * right1[index]!;
    sum2 += value * right2[index]!;
    sum3 += value * right3[index]!;
  }
  target[offset]! += sum0;
  target[offset + 1]! += sum1;
  target[offset + 2]! += sum2;
  target[offset + 3]! += sum3;
}

function dot(left: Float64Array, right: Float64Array, length: number): number {
  let even = 0;
  let odd = 0;
  let index = 0;
  for (; index + 1 < length; index += 2) {
    even += left[index]! * right[index]!;
    odd += left[index + 1]! * right[index + 1]!;
  }
  return index < length ? even + odd + left[index]! * right[index]! : even + odd;
}

function mirrorUpperTriangle(hessian: Float64Array, width: number): void {
  for (let row = 1; row < width; row++) {
    for (let column = 0; column < row; column++) {
      hessian[row * width + column] = hessian[column * width + row]!;
    }
  }
}
