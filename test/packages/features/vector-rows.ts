import type { ComputedVectors } from '../../../packages/features/grid/compute-vectors';
import type { FeatureSet } from '../../../packages/features/feature-set';

export type VectorRow = Readonly<Record<string, string | number | boolean | null>> & {
  readonly user_id: string;
};

/** The vectors of one moment as objects: user_id, features, label and state, by user_id. */
export function vectorRows(
  computed: ComputedVectors,
  { features, label, state }: FeatureSet,
  index: number,
): VectorRow[] {
  const vectors = computed.vectorsAt(index);
  const { rows, users, features: columns, label: labels } = vectors;
  return Array.from({ length: rows }, (_, row) => ({
    user_id: computed.users.ids[users[row]!]!,
    ...Object.fromEntries(
      features.map(({ name, type }, column) => {
        const value = columns[column]![row]!;
        return [name, type === 'bool' ? value === 1 : value];
      }),
    ),
    [label.name]: [false, true, null][labels[row]!]!,
    [state.name]: [false, true][vectors.state[row]!]!,
  }));
}
