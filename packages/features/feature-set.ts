import { createHash } from 'node:crypto';
import { churnLabel, definitions, eligibleBy, isSubscribed, recency } from './definitions';
import type {
  FeatureDefinition,
  FeatureType,
  LabelDefinition,
  StateDefinition,
} from './language/feature-definition';

/** A column of a partition, in file order. */
export interface PartitionColumn {
  readonly name: string;
  readonly type: 'VARCHAR' | 'TIMESTAMP WITH TIME ZONE' | 'DOUBLE' | 'INTEGER' | 'BOOLEAN';
  readonly nullable: boolean;
}

/** What a feature set is made of. */
interface FeatureSetParts {
  /** In the order of every file, vector and model. */
  readonly features: readonly FeatureDefinition[];
  readonly label: LabelDefinition;
  /** Whether a user can still leave: who is not in it has left. */
  readonly state: StateDefinition;
  /** The feature that is above 0 for whoever is predicted; the others are dormant. */
  readonly eligibleBy: string;
  /** The feature that a model is compared with alone; null: there is none. */
  readonly recency: string | null;
}

/** The features, the label, the state and what identifies them. */
export interface FeatureSet extends FeatureSetParts {
  /** Per feature, label and state: changes when its meaning does (names and prose excluded). */
  readonly definitionHashes: Readonly<Record<string, string>>;
  /** Identifies names, types, units, meanings and order of the features; models and Redis carry it. */
  readonly schemaHash: string;
  readonly columns: readonly PartitionColumn[];
}

const duckDbType: Record<FeatureType, PartitionColumn['type']> = {
  float64: 'DOUBLE',
  int32: 'INTEGER',
  bool: 'BOOLEAN',
};

/** @throws RangeError when two have the same name, or a named feature is not among them. */
export function createFeatureSet(parts: FeatureSetParts): FeatureSet {
  const { features, label, state, eligibleBy, recency } = parts;
  const hashes = Object.fromEntries([
    ...features.map((feature) => [feature.name, hashOf(meaningOf(feature))] as const),
    [label.name, hashOf(meaningOf(label))] as const,
    [state.name, hashOf(meaningOf(state))] as const,
  ]);
  if (Object.keys(hashes).length !== features.length + 2) {
    throw new RangeError('two features have the same name');
  }
  // Readers of a partition tell the label from the features by its name.
  if (!label.name.startsWith('label_')) throw new RangeError('a label is named label_…');
  requireNumber(features, eligibleBy);
  if (recency !== null) requireNumber(features, recency);
  const schema = features.map(({ name, type, unit }) => [name, type, unit, hashes[name]]);
  return Object.freeze({
    features,
    label,
    state,
    eligibleBy,
    recency,
    definitionHashes: hashes,
    schemaHash: hashOf(schema),
    columns: columnsOf(parts),
  });
}

function requireNumber(features: readonly FeatureDefinition[], name: string): void {
  const isThere = features.some((feature) => feature.name === name && feature.type !== 'bool');
  if (!isThere) throw new RangeError(`there is no feature ${name} that is a number`);
}

function columnsOf({ features, label, state }: FeatureSetParts): PartitionColumn[] {
  return [
    { name: 'user_id', type: 'VARCHAR', nullable: false },
    { name: 'feature_time', type: 'TIMESTAMP WITH TIME ZONE', nullable: false },
    ...features.map(({ name, type }) => ({ name, type: duckDbType[type], nullable: false })),
    { name: label.name, type: 'BOOLEAN', nullable: true },
    // The last: what has no state yet has the same columns but this one.
    { name: state.name, type: 'BOOLEAN', nullable: false },
  ];
}

/** Everything but the name, which the schema has beside it, and prose. */
function meaningOf(definition: FeatureDefinition | LabelDefinition | StateDefinition): unknown {
  const prose = new Set(['name', 'description', 'notes', 'wording']);
  return Object.fromEntries(Object.entries(definition).filter(([key]) => !prose.has(key)));
}

/** SHA-256 of the JSON with sorted keys, so that the order of writing does not matter. */
function hashOf(value: unknown): string {
  const canonical = JSON.stringify(value, (_key, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
  return createHash('sha256').update(canonical).digest('hex');
}

/**
 * The feature set of this release, for a currency with so many decimals (ISO 4217): features in
 * currency units are of another meaning, and have another hash, where these differ.
 */
export function featureSetOf(currency: { readonly minorUnitDigits: number }): FeatureSet {
  return createFeatureSet({
    features: definitions(currency.minorUnitDigits),
    label: churnLabel,
    state: isSubscribed,
    eligibleBy,
    recency,
  });
}

/** That of a currency with two decimals, as most have. */
export const featureSet: FeatureSet = featureSetOf({ minorUnitDigits: 2 });
