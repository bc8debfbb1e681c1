import { createHash } from 'node:crypto';
import { churnLabel, definitions } from './definitions';
import type { FeatureDefinition, FeatureType, LabelDefinition } from './language';

/** A column of a partition, in file order. */
export interface PartitionColumn {
  readonly name: string;
  readonly type: 'VARCHAR' | 'TIMESTAMP WITH TIME ZONE' | 'DOUBLE' | 'INTEGER' | 'BOOLEAN';
  readonly nullable: boolean;
}

/** The features, the label and what identifies them. */
export interface FeatureSet {
  readonly features: readonly FeatureDefinition[];
  readonly label: LabelDefinition;
  /** Per feature and label: changes when its meaning does (names and prose excluded). */
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

export function createFeatureSet(
  features: readonly FeatureDefinition[],
  label: LabelDefinition,
): FeatureSet {
  const hashes = Object.fromEntries([
    ...features.map((feature) => [feature.name, hashOf(meaningOf(feature))] as const),
    [label.name, hashOf(meaningOf(label))] as const,
  ]);
  if (Object.keys(hashes).length !== features.length + 1) {
    throw new RangeError('two features have the same name');
  }
  const schema = features.map(({ name, type, unit }) => [name, type, unit, hashes[name]]);
  return Object.freeze({
    features,
    label,
    definitionHashes: hashes,
    schemaHash: hashOf(schema),
    columns: columnsOf(features, label),
  });
}

function columnsOf(
  features: readonly FeatureDefinition[],
  label: LabelDefinition,
): PartitionColumn[] {
  return [
    { name: 'user_id', type: 'VARCHAR', nullable: false },
    { name: 'feature_time', type: 'TIMESTAMP WITH TIME ZONE', nullable: false },
    ...features.map(({ name, type }) => ({ name, type: duckDbType[type], nullable: false })),
    { name: label.name, type: 'BOOLEAN', nullable: true },
  ];
}

function meaningOf(definition: FeatureDefinition | LabelDefinition): unknown {
  const { name: _name, description: _description, ...meaning } = definition;
  return meaning;
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

/** The feature set of this release. */
export const featureSet: FeatureSet = createFeatureSet(definitions, churnLabel);
