import type { Aggregate, FeatureDefinition, FeatureType, SourceTable } from './feature-definition';

const WINDOW_DAYS_MAX = 366;
const INT32_MAX = 2 ** 31 - 1;
const LENGTH_MAX = 60;

const bodyKeys = [
  'type',
  'unit',
  'description',
  'eventType',
  'aggregate',
  'windowDays',
  'dividedBy',
  'default',
  'notes',
  'wording',
];

/** Columns beside features, in partitions and histories; a label's name starts with `label_`. */
const takenNames = new Set(['user_id', 'feature_time', 'known_at', 'reason_number']);

interface AggregateRules {
  readonly keys: readonly string[];
  readonly sources: readonly SourceTable[];
  readonly types: readonly FeatureType[];
  readonly hasWindow: boolean;
  /** The values that its other keys may have. */
  readonly columns?: readonly string[];
}

const anySource: readonly SourceTable[] = ['user_events', 'billing_events', 'plan_changes'];

const aggregateRules: Readonly<Record<Aggregate['kind'], AggregateRules>> = {
  count: { keys: ['kind'], sources: anySource, types: ['int32', 'float64'], hasWindow: true },
  'count-distinct': {
    keys: ['kind', 'column'],
    sources: ['user_events'],
    types: ['int32', 'float64'],
    hasWindow: true,
    columns: ['session_id'],
  },
  sum: {
    keys: ['kind', 'column'],
    sources: ['billing_events'],
    // Cents of one user may exceed what an int32 holds.
    types: ['float64'],
    hasWindow: true,
    columns: ['amount_cents'],
  },
  'days-since-last': {
    keys: ['kind'],
    sources: anySource,
    types: ['int32'],
    hasWindow: false,
  },
  'latest-equals': {
    keys: ['kind', 'column', 'equals'],
    sources: ['plan_changes'],
    types: ['bool'],
    hasWindow: false,
    columns: ['plan'],
  },
};

/** User events are of any type; the types of billing events are these, and plan changes have none. */
const billingEventTypes = [
  'charge_succeeded',
  'charge_failed',
  'refund',
  'dispute',
  'subscription_started',
  'subscription_cancelled',
];

/** @throws RangeError for an unknown key or source. */
export function validateGroup(group: { readonly source: SourceTable }): void {
  refuseUnknownKeys('a feature group', group, ['source', 'features']);
  if (anySource.includes(group.source)) return;
  throw new RangeError(`a feature group: source ${group.source} must be one of ${list(anySource)}`);
}

/**
 * Refuses what could not be computed, or would silently mean something else than is written.
 *
 * @param body  What was written, for its keys.
 * @throws RangeError whose message starts with the feature's name.
 */
export function validateFeature(definition: FeatureDefinition, body: object): FeatureDefinition {
  const { name } = definition;
  const problem =
    nameProblem(definition) ??
    keyProblem(definition, body) ??
    proseProblem(definition) ??
    aggregateProblem(definition) ??
    eventTypeProblem(definition) ??
    windowProblem(definition) ??
    divisorProblem(definition) ??
    defaultProblem(definition);
  if (problem !== undefined) throw new RangeError(`${name}: ${problem}`);
  return Object.freeze(definition);
}

type ProblemText = string | undefined;

function nameProblem({ name }: FeatureDefinition): ProblemText {
  // A single word could be one of SQL's, such as order.
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(name))
    return 'a name must be snake_case with several words';
  if (name.length > LENGTH_MAX) return `a name may have at most ${LENGTH_MAX} characters`;
  if (takenNames.has(name)) return 'there already is a column of that name';
  return name.startsWith('label_') ? 'names that start with label_ are for labels' : undefined;
}

function keyProblem({ aggregate }: FeatureDefinition, body: object): ProblemText {
  const unknown = unknownKey(body, bodyKeys);
  if (unknown !== undefined) return `${unknown} is not a key of a feature; ${list(bodyKeys)} are`;
  const kinds = Object.keys(aggregateRules);
  if (typeof aggregate !== 'object' || !kinds.includes(aggregate.kind)) {
    return `its aggregate must be one of ${list(kinds)}`;
  }
  const { keys } = aggregateRules[aggregate.kind];
  const extra = unknownKey(aggregate, keys);
  return extra === undefined ? undefined : `${extra} is not a key of ${aggregate.kind}`;
}

function proseProblem({
  unit,
  description,
  notes = [],
  wording = {},
}: FeatureDefinition): ProblemText {
  const worded = Object.values(wording) as unknown[];
  const texts: unknown[] = [unit, description, ...notes, ...worded];
  const isText = (text: unknown) =>
    typeof text === 'string' && text.trim() !== '' && !/[\n|]/.test(text);
  if (!texts.every(isText)) {
    return 'unit, description, notes and wording must each be one line of text without |';
  }
  const unknown = unknownKey(wording, ['zero', 'one', 'other']);
  return unknown === undefined ? undefined : `${unknown} is not a key of wording`;
}

function aggregateProblem({ type, source, aggregate }: FeatureDefinition): ProblemText {
  const { sources, types, columns } = aggregateRules[aggregate.kind];
  const { kind } = aggregate;
  if (!sources.includes(source)) return `${kind} works on ${list(sources)}, not on ${source}`;
  if (!types.includes(type)) return `${kind} must be of type ${list(types)}, not ${type}`;
  if (columns && !('column' in aggregate && columns.includes(aggregate.column))) {
    return `the column of ${kind} must be ${list(columns)}`;
  }
  const isNamed = kind !== 'latest-equals' || isPrintable(aggregate.equals);
  return isNamed ? undefined : 'equals must be text of 1 to 128 printable characters';
}

function eventTypeProblem({ source, eventType }: FeatureDefinition): ProblemText {
  if (eventType === undefined) return undefined;
  if (source === 'plan_changes') return 'plan_changes have no event types';
  if (!isPrintable(eventType)) return 'an event type must be text of 1 to 128 printable characters';
  if (source === 'user_events' || billingEventTypes.includes(eventType)) return undefined;
  return `billing_events are of type ${list(billingEventTypes)}, never ${eventType}`;
}

function windowProblem({ name, aggregate, windowDays }: FeatureDefinition): ProblemText {
  const { hasWindow } = aggregateRules[aggregate.kind];
  if (hasWindow !== (windowDays !== undefined)) {
    return `a ${aggregate.kind} ${hasWindow ? 'needs a' : 'has no'} window`;
  }
  if (windowDays === undefined) return undefined;
  if (!(Number.isInteger(windowDays) && windowDays >= 1 && windowDays <= WINDOW_DAYS_MAX)) {
    return `a window must be 1 to ${WINDOW_DAYS_MAX} whole days`;
  }
  const suffix = `_${windowDays}d`;
  return name.endsWith(suffix) ? undefined : `its name must end in ${suffix}, its window`;
}

function divisorProblem({ type, dividedBy, aggregate }: FeatureDefinition): ProblemText {
  if (dividedBy === undefined) return undefined;
  if (type !== 'float64') return `an ${type} is not divided: dividedBy needs type float64`;
  if (!aggregateRules[aggregate.kind].hasWindow) return `${aggregate.kind} can't be divided`;
  const isDivisor = Number.isSafeInteger(dividedBy) && dividedBy >= 2;
  return isDivisor ? undefined : 'dividedBy must be a whole number of at least 2';
}

function defaultProblem(definition: FeatureDefinition): ProblemText {
  const { type, aggregate, default: value } = definition;
  if (value === undefined) {
    return 'default' in definition ? 'default must not be undefined: leave it out' : undefined;
  }
  if (!isValueOf(value, type)) return `default ${String(value)} is not a value of type ${type}`;
  // Saying what is so anyway would change the hash without changing the meaning.
  const isNatural = aggregateRules[aggregate.kind].hasWindow && value === 0;
  return isNatural ? `a ${aggregate.kind} has default 0 anyway: leave it out` : undefined;
}

function isValueOf(value: unknown, type: FeatureType): boolean {
  if (type === 'bool') return typeof value === 'boolean';
  if (Object.is(value, -0)) return false;
  if (type === 'float64') return Number.isFinite(value);
  return Number.isInteger(value) && Math.abs(value as number) <= INT32_MAX;
}

function isPrintable(text: unknown): boolean {
  return typeof text === 'string' && /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u.test(text);
}

function unknownKey(value: object, known: readonly string[]): string | undefined {
  return Object.keys(value).find((key) => !known.includes(key));
}

function refuseUnknownKeys(what: string, value: object, known: readonly string[]): void {
  const unknown = unknownKey(value, known);
  if (unknown === undefined) return;
  throw new RangeError(`${what}: ${unknown} is not a key; ${list(known)} are`);
}

function list(names: readonly string[]): string {
  return names.join(', ');
}
