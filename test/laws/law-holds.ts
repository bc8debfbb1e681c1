import fc from 'fast-check';
import { reportFigure } from '../acceptance/report-figure';

/** Of a law in depth, beside other work: one that is cut off would disturb the next. */
export const LAW_TIMEOUT_MILLIS = 4 * 60 * 60_000;

const depth = process.env.CHURN_TEST_DEPTH;

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
