export type Scorer = (features: readonly number[]) => number;

interface TreeOptions {
  readonly rounds: number;
  readonly depth: number;
  readonly rate: number;
  readonly rowsPerLeafMin: number;
}

const defaultOptions: TreeOptions = { rounds: 120, depth: 4, rate: 0.1, rowsPerLeafMin: 100 };
const BINS = 64;
/** Second-order regularisation of leaf values, as in XGBoost. */
const LAMBDA = 1;

type Node = { readonly value: number } | Split;
interface Split {
  readonly feature: number;
  /** Bins up to and including this one go left. */
  readonly bin: number;
  readonly left: Node;
  readonly right: Node;
}

interface Sample {
  /** For each feature, the bin of each row. */
  readonly bins: readonly Uint8Array[];
  readonly gradients: Float64Array;
  readonly curvatures: Float64Array;
}

/**
 * Gradient boosted trees with logistic loss on binned features (Friedman 2001; Chen and Guestrin
 * 2016): a flexible estimate of the conditional mean, any interaction of up to `depth` features.
 */
export function fitBoostedTrees(
  rows: readonly (readonly number[])[],
  churned: readonly boolean[],
  options: Partial<TreeOptions> = {},
): Scorer {
  const settings = { ...defaultOptions, ...options };
  const edges = rows[0]!.map((_, feature) => quantileEdges(rows.map((row) => row[feature]!)));
  const bins = edges.map((edge, feature) =>
    Uint8Array.from(rows, (row) => binOf(edge, row[feature]!)),
  );
  const margins = new Float64Array(rows.length);
  const gradients = new Float64Array(rows.length);
  const curvatures = new Float64Array(rows.length);
  const sample = { bins, gradients, curvatures };
  const everyRow = Int32Array.from(rows, (_, row) => row);
  const trees: Node[] = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    for (let row = 0; row < rows.length; row += 1) {
      const chance = 1 / (1 + Math.exp(-margins[row]!));
      gradients[row] = (churned[row] ? 1 : 0) - chance;
      curvatures[row] = chance * (1 - chance);
    }
    const tree = grow(sample, everyRow, settings.depth, settings);
    trees.push(tree);
    for (let row = 0; row < rows.length; row += 1) {
      margins[row]! += valueAt(tree, (feature) => bins[feature]![row]!);
    }
  }
  return (features) => {
    const binned = features.map((value, feature) => binOf(edges[feature]!, value));
    return trees.reduce((total, tree) => total + valueAt(tree, (feature) => binned[feature]!), 0);
  };
}

function grow(sample: Sample, rows: Int32Array, depth: number, options: TreeOptions): Node {
  const split = depth > 0 ? bestSplit(sample, rows, options) : undefined;
  if (split === undefined) return { value: leafValue(sample, rows, options.rate) };
  const isLeft = (row: number) => sample.bins[split.feature]![row]! <= split.bin;
  return {
    ...split,
    left: grow(sample, rows.filter(isLeft), depth - 1, options),
    right: grow(
      sample,
      rows.filter((row) => !isLeft(row)),
      depth - 1,
      options,
    ),
  };
}

function leafValue({ gradients, curvatures }: Sample, rows: Int32Array, rate: number): number {
  let gradient = 0;
  let curvature = 0;
  for (const row of rows) {
    gradient += gradients[row]!;
    curvature += curvatures[row]!;
  }
  return (rate * gradient) / (curvature + LAMBDA);
}

function bestSplit(
  { bins, gradients, curvatures }: Sample,
  rows: Int32Array,
  { rowsPerLeafMin }: TreeOptions,
): { feature: number; bin: number } | undefined {
  let best: { feature: number; bin: number } | undefined;
  let bestGain = 1e-6;
  for (let feature = 0; feature < bins.length; feature += 1) {
    const sums = { gradient: new Float64Array(BINS), curvature: new Float64Array(BINS) };
    const counts = new Int32Array(BINS);
    const column = bins[feature]!;
    for (const row of rows) {
      const bin = column[row]!;
      sums.gradient[bin]! += gradients[row]!;
      sums.curvature[bin]! += curvatures[row]!;
      counts[bin]! += 1;
    }
    const total = { gradient: sumOf(sums.gradient), curvature: sumOf(sums.curvature) };
    let [gradient, curvature, count] = [0, 0, 0];
    for (let bin = 0; bin < BINS - 1; bin += 1) {
      gradient += sums.gradient[bin]!;
      curvature += sums.curvature[bin]!;
      count += counts[bin]!;
      if (count < rowsPerLeafMin || rows.length - count < rowsPerLeafMin) continue;
      const gain =
        gradient ** 2 / (curvature + LAMBDA) +
        (total.gradient - gradient) ** 2 / (total.curvature - curvature + LAMBDA) -
        total.gradient ** 2 / (total.curvature + LAMBDA);
      if (gain > bestGain) {
        bestGain = gain;
        best = { feature, bin };
      }
    }
  }
  return best;
}

function sumOf(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function valueAt(tree: Node, binOfFeature: (feature: number) => number): number {
  let node = tree;
  while ('feature' in node) node = binOfFeature(node.feature) <= node.bin ? node.left : node.right;
  return node.value;
}

/** At most `BINS − 1` distinct values that cut the sample into bins of like size. */
function quantileEdges(values: readonly number[]): Float64Array {
  const sorted = Float64Array.from(values).sort();
  const cuts = Array.from(
    { length: BINS - 1 },
    (_, cut) => sorted[Math.floor(((cut + 1) / BINS) * sorted.length)]!,
  );
  const distinct = new Set(sorted);
  const edges = distinct.size < BINS ? distinct : new Set(cuts);
  return Float64Array.from(edges).sort();
}

/** How many edges lie below the value. */
function binOf(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
