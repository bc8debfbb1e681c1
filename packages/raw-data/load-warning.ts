/** Something about a load that is within the rules and may nevertheless be a mistake. */
export interface LoadWarning {
  readonly code:
    | 'rejected_rows'
    | 'settled_rates'
    | 'no_login'
    | 'no_pro_plan'
    | 'one_plan'
    | 'float_ids'
    | 'stray_last_event'
    | 'constant_time'
    | 'silent_users'
    | 'local_time'
    | 'absent_values';
  /** The table that it is about. */
  readonly table: string;
  /** How many rows, users or days it is about; the message says of what. */
  readonly count: number;
  /** What was found and what to do. It names plans and columns, and no other value of a row. */
  readonly message: string;
}
