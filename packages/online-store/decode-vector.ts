import { ChurnError, type FeatureValues, type OnlineVector } from '../contracts';
import { parseInstant } from '../instants';
import { hashCanonicalText, onlineVectorHash } from './vector-hash';

/** The features that are served, as far as a vector of their schema is checked against them. */
export interface VectorSchema {
  readonly schemaHash: string;
  readonly features: readonly {
    readonly name: string;
    readonly type: 'float64' | 'int32' | 'bool';
  }[];
}

/** @throws ChurnError CORRUPT_VECTOR */
export type VectorDecoder = (text: string, userId: string) => OnlineVector;

/**
 * Makes the one function that reads online values: whatever it returns was written by a sync for
 * this user. A vector of the schema given has exactly its features, each of its type; of another
 * schema (of a release before or after) only what holds for every vector is known.
 */
export function createVectorDecoder(schema?: VectorSchema): VectorDecoder {
  const isInstant = createInstantCheck();
  const ofSchema = schema && createFeatureCheck(schema);
  const problemOf = (vector: Unchecked, userId: string): string | undefined => {
    if (vector.user_id !== userId) return 'they are those of another user';
    if (!isInstant(vector.feature_time) || !isInstant(vector.known_at)) {
      return 'feature_time or known_at is not a moment';
    }
    if (!isInt32(vector.revision) || vector.revision < 0) return 'revision is not a number';
    if (typeof vector.schema_hash !== 'string') return 'schema_hash is missing';
    if (!hasWholeState(vector)) return 'is_subscribed or state_hash is missing or of another type';
    if (!hasFeatures(vector)) return 'features is not an object';
    const isOfSchema = ofSchema !== undefined && vector.schema_hash === schema?.schemaHash;
    return isOfSchema ? ofSchema(vector) : problemOfAnySchema(vector);
  };
  return (text, userId) => {
    const vector = parsed(text);
    const problem = vector ? problemOf(vector, userId) : 'they are not a JSON object';
    if (problem !== undefined) throw new ChurnError('CORRUPT_VECTOR', { userId, problem });
    return vector as OnlineVector;
  };
}

type Unchecked = { readonly [Name in keyof OnlineVector]?: unknown };

function parsed(text: string): Unchecked | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isInt32(value: unknown): value is number {
  return (value as number) === ((value as number) | 0);
}

function hasWholeState({ is_subscribed: state, state_hash: hash }: Unchecked): boolean {
  if (state === undefined) return hash === undefined;
  return typeof state === 'boolean' && typeof hash === 'string';
}

function hasFeatures(vector: Unchecked): vector is Unchecked & OnlineVector {
  return typeof vector.features === 'object' && vector.features !== null;
}

const UNFITTING_HASH = 'their hash does not match their values';

function problemOfAnySchema(vector: OnlineVector): string | undefined {
  for (const [name, value] of Object.entries(vector.features)) {
    // JSON has no infinity, but 1e999 is read as one.
    const isUsable = typeof value === 'boolean' || Number.isFinite(value);
    if (!isUsable) return `feature ${name} is neither a number nor a boolean`;
  }
  return onlineVectorHash(vector) === vector.vector_hash ? undefined : UNFITTING_HASH;
}

const STATE = 'is_subscribed' satisfies keyof OnlineVector;

/**
 * For vectors that say they are of a schema: they have its features and no others, each of its
 * type, and their `onlineVectorHash`. One pass over names that were sorted once: sorting them takes
 * longer than all else.
 */
function createFeatureCheck({ features }: VectorSchema) {
  const known = features.map(({ name, type }) => ({ name, type }));
  const sorted = [...known, { name: STATE, type: 'state' as const }]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type }) => ({ name, type, before: `${JSON.stringify(name)}:` }));
  return ({ features: values, is_subscribed, vector_hash }: OnlineVector): string | undefined => {
    let text = '';
    for (const { name, type, before } of sorted) {
      const value = type === 'state' ? is_subscribed : values[name];
      if (!isOfType(value, type)) {
        return `feature ${name} is ${value === undefined ? 'missing' : 'not of its type'}`;
      }
      // A template prints numbers and booleans as JSON does.
      if (value !== undefined) text += text === '' ? `{${before}${value}` : `,${before}${value}`;
    }
    if (countOf(values) !== known.length) return 'there are features that nobody defined';
    return hashCanonicalText(`${text}}`) === vector_hash ? undefined : UNFITTING_HASH;
  };
}

function isOfType(
  value: unknown,
  type: VectorSchema['features'][number]['type'] | 'state',
): value is number | boolean | undefined {
  if (type === 'float64') return typeof value === 'number' && Number.isFinite(value);
  if (type === 'int32') return isInt32(value);
  return typeof value === 'boolean' || (type === 'state' && value === undefined);
}

/** Without an array of its names. */
function countOf(values: FeatureValues): number {
  let count = 0;
  for (const name in values) if (name !== '') count += 1;
  return count;
}

/** Nearly all vectors have the moments of the one before: those are not looked at again. */
function createInstantCheck() {
  const good = new Set<string>();
  return (text: unknown): text is string => {
    if (typeof text !== 'string') return false;
    if (good.has(text)) return true;
    if (!INSTANT.test(text)) return false;
    try {
      parseInstant(text);
    } catch {
      return false;
    }
    if (good.size >= MOMENTS_REMEMBERED) good.clear();
    good.add(text);
    return true;
  };
}

/** Texts of the one layout of instants compare as the instants do. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const MOMENTS_REMEMBERED = 16;
