/**
 * Who is predicted: users with at least one user event in (T − 30 d, T]. Every user event has a
 * session, so that is `sessions_30d > 0`. Who is silent already is dormant, not at risk.
 */
export const eligibility = {
  feature: 'sessions_30d',
  description: 'at least one user event in (T - 30 d, T]: sessions_30d > 0',
  /** For rows of a partition. */
  sql: '"sessions_30d" > 0',
} as const;

export function isEligible(features: Readonly<Record<string, number | boolean>>): boolean {
  return Number(features[eligibility.feature] ?? 0) > 0;
}
