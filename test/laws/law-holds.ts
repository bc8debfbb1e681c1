import fc from 'fast-check';
import { reportFigure } from '../acceptance/report-figure';

const depth = process.env.CHURN_TEST_DEPTH;
/** Such as 2/4: which portion of the cases `make test-deep` tries in this shard. */
const [portion, portions] = (process.env.CHURN_LAW_PORTION ?? '1/1').split('/').map(Number) as [
  number,
  number,
];

// For every file that imports this. A law that is cut off would go on and disturb the next: in
// depth, beside other work, one takes an hour.
jest.setTimeout((depth === 'deep' ? 240 : 30) * 60_000);

/**
 * Tries a law on seeded random cases: on a few, or with CHURN_TEST_DEPTH=deep on all, or on the
 * portion of them that CHURN_LAW_PORTION names, each portion with a seed of its own; depth leaves a
 * line of evidence. With `no-shrinking` a failure is not made smaller (bin/mutations.mjs: whether
 * something fails is all it asks).
 */
export async function lawHolds<Case>(
  claim: string,
  cases: { readonly quick: number; readonly deep: number; readonly seed: number },
  law: fc.IAsyncProperty<Case>,
): Promise<void> {
  const started = performance.now();
  const { numRuns, seed } =
    depth === 'deep' ? portionOf(cases) : { numRuns: cases.quick, seed: cases.seed };
  await fc.assert(law, { numRuns, seed, endOnFailure: depth === 'no-shrinking' });
  if (depth === 'deep') reportFigure(claim, numRuns, (performance.now() - started) / 1_000);
}

/** The portions have all cases together. */
function portionOf({ deep, seed }: { readonly deep: number; readonly seed: number }) {
  const before = Math.floor((deep * (portion - 1)) / portions);
  const until = Math.floor((deep * portion) / portions);
  return { numRuns: until - before, seed: seed + 1_000 * (portion - 1) };
}
