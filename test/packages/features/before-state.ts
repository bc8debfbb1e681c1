import { featureSet, type FeatureSet } from '../../../packages/features/feature-set';

const { state, columns, definitionHashes } = featureSet;

/** A state that nobody ever leaves: no row decides it. */
const nothing = { source: 'billing_events', eventType: 'nothing' } as const;

/** The definitions of a release before there was a state: its column and its hash are not there. */
export const beforeState: FeatureSet = {
  ...featureSet,
  state: { ...state, endedBy: nothing, resumedBy: [] },
  columns: columns.filter(({ name }) => name !== state.name),
  definitionHashes: Object.fromEntries(
    Object.entries(definitionHashes).filter(([name]) => name !== state.name),
  ),
};
