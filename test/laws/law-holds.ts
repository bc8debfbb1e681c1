import fc from 'fast-check';
import { reportFigure } from '../acceptance/report-figure';

const depth = process.env.CHURN_TEST_DEPTH;

// For every file that imports this. A law that is cut off would go on and disturb the next: in
// depth, beside other work, one takes an hour.
jest.setTimeout((depth === 'deep' ? 240 : 30) * 60_000);

/**
 * Tries a law on seeded random cases: on a few, or on all with CHURN_TEST_DEPTH=deep, which leaves a
 * line of evidence. With `no-shrinking` a failure is not made smaller (bin/mutations.mjs: whether
 * something fails is all it asks).
 */
export async function lawHolds<Case>(
  claim: string,
  cases: { readonly quick: number; readonly deep: number; readonly seed: number },
  law: fc.IAsyncProperty<Case>,
): Promise<void> {
  const started = performance.now();
  const numRuns = depth === 'deep' ? cases.deep : cases.quick;
  await fc.assert(law, { numRuns, seed: cases.seed, endOnFailure: depth === 'no-shrinking' });
  if (depth === 'deep') reportFigure(claim, numRuns, (performance.now() - started) / 1_000);
}
