/** Something about a load that is within the rules and may nevertheless be a mistake. */
export interface LoadWarning {
  readonly code: 'rejected_rows' | 'settled_rates';
  /** The table that it is about. */
  readonly table: string;
  /** How many rows, users, days or names it is about; the message says of what. */
  readonly count: number;
  /** What was found and what to do, without the values of any row. */
  readonly message: string;
}
