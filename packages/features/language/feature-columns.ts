import type { ColumnType } from '../../duckdb';
import type { FeatureType } from './feature-definition';

/** How the values of a type lie in arrays on their way to DuckDB: booleans as 0 and 1. */
export const columnTypeOf: Readonly<Record<FeatureType, ColumnType>> = {
  float64: 'DOUBLE',
  int32: 'INTEGER',
  bool: 'UTINYINT',
};

interface NamedFeature {
  readonly name: string;
  readonly type: FeatureType;
}

/** The columns of a column source that holds these features, in their order. */
export function columnTypesOf(features: readonly NamedFeature[]): Record<string, ColumnType> {
  return Object.fromEntries(features.map(({ name, type }) => [name, columnTypeOf[type]]));
}

/** SQL for a feature's value in a partition's type, from such a column. */
export function valueFromColumn({ name, type }: NamedFeature): string {
  return type === 'bool' ? `${name}::BOOLEAN` : name;
}
