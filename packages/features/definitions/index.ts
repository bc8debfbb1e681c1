import type { FeatureDefinition } from '../language/feature-definition';
import { engagement } from './engagement';
import { payments } from './payments';
import { plans } from './plans';

export { churnLabel } from './churn-label';
export { isSubscribed } from './subscription';

/** Every feature, in the order of every file, vector and model. */
export function definitions(minorUnitDigits: number): readonly FeatureDefinition[] {
  return [...engagement, ...payments(minorUnitDigits), ...plans];
}

/** Who is predicted, if subscribed: users with a session in 30 days. The others are dormant. */
export const eligibleBy = 'sessions_30d';

/** What any model has to beat to be worth its keep. */
export const recency = 'days_since_last_login';
