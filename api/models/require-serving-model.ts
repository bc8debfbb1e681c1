import { ChurnError } from '../../packages/contracts';
import type { ServingModelSource, ServingVersion } from '../ports';

/** What `requireServingModel` throws. */
export const noServingModel = ['NO_MODEL', 'CORRUPT_MODEL', 'SCHEMA_MISMATCH'] as const;

/**
 * The model that serves.
 *
 * @throws ChurnError NO_MODEL where none was published; CORRUPT_MODEL or SCHEMA_MISMATCH where the
 *   one that was published could not be loaded
 */
export function requireServingModel(source: ServingModelSource): ServingVersion {
  const model = source.current();
  if (!model) throw source.problem ?? new ChurnError('NO_MODEL');
  return model;
}
