/** What became of one thing that is stored and ought to be there. */
export type AuditVerdict =
  | 'equal'
  /** It ought to be there and is not. */
  | 'missing'
  /** It is there and ought not to be. */
  | 'extra'
  | 'mismatched'
  /**
   * It can't be expected to be equal: it was made by other definitions or another writer or, online, is
   * of a later (feature_time, revision).
   */
  | 'not_comparable';

/** How many of the things that are not as they ought to be an audit names. */
export const AUDIT_EXAMPLES_MAX = 20;

/** What an audit reports: of the things compared, how many were what. */
export interface AuditReport extends Readonly<Record<AuditVerdict, number>> {
  /** The first of those that are missing, extra or mismatched, as `missing u17`; at most AUDIT_EXAMPLES_MAX. */
  readonly examples: readonly string[];
}
