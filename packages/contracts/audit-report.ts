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

/** What an audit of the offline or the online store reports: of the things compared, how many were what. */
export interface AuditReport extends Readonly<Record<AuditVerdict, number>> {
  /** The first of those that are missing, extra or mismatched, as `missing u17`. */
  readonly examples: readonly string[];
}
