import { quoteIdentifier } from '../duckdb';
import type { ModelSchema } from './model-documents';

/**
 * Who is predicted: users whose `eligibleBy` feature is above 0. In the release's features that is
 * at least one session in (T − 30 d, T]; who is silent already is dormant, not at risk.
 */
export type Eligibility = Pick<ModelSchema, 'eligibleBy'>;

/** For rows of a partition. */
export function eligibleCondition({ eligibleBy }: Eligibility): string {
  return `${quoteIdentifier(eligibleBy)} > 0`;
}

export function describeEligibility({ eligibleBy }: Eligibility): string {
  return `${eligibleBy} > 0`;
}

export function isEligible(
  { eligibleBy }: Eligibility,
  features: Readonly<Record<string, number | boolean>>,
): boolean {
  return Number(features[eligibleBy] ?? 0) > 0;
}
