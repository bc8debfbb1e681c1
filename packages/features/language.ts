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
  /** Divides the exact integer once, at the end. */
  readonly dividedBy?: number;
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

type FeatureBody = Omit<FeatureDefinition, 'name' | 'source'>;

/** Features over one source; their order here is their order in every file and model. */
export function defineFeatureGroup(group: {
  readonly source: SourceTable;
  readonly features: Readonly<Record<string, FeatureBody>>;
}): readonly FeatureDefinition[] {
  return Object.entries(group.features).map(([name, body]) =>
    validated({ name, source: group.source, ...body }),
  );
}

const needsWindow = new Set<Aggregate['kind']>(['count', 'count-distinct', 'sum']);

function validated(definition: FeatureDefinition): FeatureDefinition {
  const { name, aggregate, windowDays } = definition;
  if (!/^[a-z][a-z0-9_]*$/.test(name))
    throw new RangeError(`feature name ${name} is not snake_case`);
  if (needsWindow.has(aggregate.kind) !== (windowDays !== undefined)) {
    throw new RangeError(
      `${name}: a ${aggregate.kind} ${windowDays ? 'has no' : 'needs a'} window`,
    );
  }
  if (windowDays !== undefined && !(Number.isInteger(windowDays) && windowDays > 0)) {
    throw new RangeError(`${name}: a window is a positive whole number of days`);
  }
  return Object.freeze(definition);
}
