import type { ComputedVectors, FeatureSet } from '../../../packages/features';

export type VectorRow = Readonly<Record<string, string | number | boolean | null>> & {
  readonly user_id: string;
};

/** The vectors of one moment as objects: user_id, the features and the label, by user_id. */
export function vectorRows(
  computed: ComputedVectors,
  { features, label }: FeatureSet,
  index: number,
): VectorRow[] {
  const { rows, users, features: columns, label: labels } = computed.vectorsAt(index);
  return Array.from({ length: rows }, (_, row) => ({
    user_id: computed.users.ids[users[row]!]!,
    ...Object.fromEntries(
      features.map(({ name, type }, column) => {
        const value = columns[column]![row]!;
        return [name, type === 'bool' ? value === 1 : value];
      }),
    ),
    [label.name]: [false, true, null][labels[row]!]!,
  }));
}
