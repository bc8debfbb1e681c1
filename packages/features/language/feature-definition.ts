/** The tables that features and labels are made from. */
export type SourceTable = 'user_events' | 'billing_events' | 'plan_changes';

export type FeatureType = 'float64' | 'int32' | 'bool';

/** How the rows in force at T become one number. All arithmetic is on integers until `dividedBy`. */
export type Aggregate =
  /** How many rows lie in the window. */
  | { readonly kind: 'count' }
  /** How many sessions have a row in the window: a union over the whole window, not a sum of days. */
  | { readonly kind: 'count-distinct'; readonly column: 'session_id' }
  /** The sum of a column in the window, from exact integers. */
  | { readonly kind: 'sum'; readonly column: 'amount_cents' }
  /** Whole 24-hour days from the last row at or before T to T; without one, from signup. */
  | { readonly kind: 'days-since-last' }
  /** Whether the latest row at or before T has this value; without one, whether the user's own has. */
  | { readonly kind: 'latest-equals'; readonly column: 'plan'; readonly equals: string };

/** One feature, as data: the SQL, the schema and its hash, the docs and the checks follow from it. */
export interface FeatureDefinition {
  /** Ends in its window where it has one; written, not generated, so that a search finds it. */
  readonly name: string;
  readonly type: FeatureType;
  readonly unit: string;
  readonly description: string;
  readonly source: SourceTable;
  /** Only rows of this event type; absent: every row. */
  readonly eventType?: string;
  readonly aggregate: Aggregate;
  /** The window (T − W, T] in days; absent where the aggregate looks back to signup. */
  readonly windowDays?: number;
  /** Divides the exact integer once, at the end; only where the type is float64. */
  readonly dividedBy?: number;
  /**
   * The value of a user who has no row in force: none of the source and event type in the window,
   * or none at all where there is no window. It is the final value, not divided by anything.
   * Absent: 0 for counts and sums, the user's own signup or plan for the others. Part of the meaning.
   */
  readonly default?: number | boolean;
  /** More to know about it, a sentence or two each, for the docs. */
  readonly notes?: readonly string[];
  /** How its value is said in the reasons of a prediction; absent: `<name> is <value>`. */
  readonly wording?: FeatureWording;
}

/** Words for a value, `{n}` standing for the number; booleans are 0 and 1. Absent ones: `other`. */
export interface FeatureWording {
  readonly zero?: string;
  readonly one?: string;
  readonly other?: string;
}

/** What happens after T: 1 iff silent in (T, T + horizon], or cancelled in it; null until known. */
export interface LabelDefinition {
  readonly name: string;
  readonly horizonDays: number;
  /** Silence: no row of this source in the horizon. */
  readonly silentIn: SourceTable;
  /** Or: a row of this source and event type in the horizon. */
  readonly cancelledBy: { readonly source: SourceTable; readonly eventType: string };
  readonly description: string;
}

/** Rows that end a state or bring it back. */
export interface StateEvent {
  readonly source: SourceTable;
  /** Only rows of this event type; absent: every row. */
  readonly eventType?: string;
  /** Only rows more than so many days after the row that ended the state; absent: all after it. */
  readonly afterDays?: number;
}

/**
 * Whether a user is in a state at T. It is false iff there is a row of `endedBy` at or before T and,
 * after the latest one and at or before T, no row of `resumedBy`; true for whoever has neither. After
 * means at a later microsecond. It is visible at (T, K, S) as features are, and is none of them: no
 * model reads it, so that it belongs to no schema.
 */
export interface StateDefinition {
  readonly name: string;
  readonly description: string;
  readonly endedBy: Omit<StateEvent, 'afterDays'>;
  readonly resumedBy: readonly StateEvent[];
}

/** The tables that features are made from, in the order of the features. */
export function sourcesOfFeatures(features: readonly FeatureDefinition[]): SourceTable[] {
  return [...new Set(features.map(({ source }) => source))];
}

/** The tables that a label is made from. */
export function sourcesOfLabel({ silentIn, cancelledBy }: LabelDefinition): SourceTable[] {
  return [...new Set([silentIn, cancelledBy.source])];
}

/** The tables that a state is made from. */
export function sourcesOfState({ endedBy, resumedBy }: StateDefinition): SourceTable[] {
  return [...new Set([endedBy, ...resumedBy].map(({ source }) => source))];
}
