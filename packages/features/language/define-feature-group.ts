import type { FeatureDefinition, SourceTable } from './feature-definition';
import { validateFeature, validateGroup } from './validate-feature';

type FeatureBody = Omit<FeatureDefinition, 'name' | 'source'>;

/**
 * Features over one source; their order here is their order in every file and model.
 *
 * @throws RangeError naming the feature and what is wrong with it (see `validateFeature`).
 */
export function defineFeatureGroup(group: {
  readonly source: SourceTable;
  readonly features: Readonly<Record<string, FeatureBody>>;
}): readonly FeatureDefinition[] {
  validateGroup(group);
  return Object.entries(group.features).map(([name, body]) =>
    validateFeature({ ...body, name, source: group.source }, body),
  );
}
