import type { FeatureDefinition } from '../language';
import { engagement } from './engagement';
import { payments } from './payments';
import { plans } from './plans';

export { churnLabel } from './churn-label';

/** Every feature, in the order of every file, vector and model. */
export const definitions: readonly FeatureDefinition[] = [...engagement, ...payments, ...plans];
