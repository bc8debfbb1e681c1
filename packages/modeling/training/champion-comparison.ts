import { isChurnError } from '../../contracts';
import { isSameEligibility } from '../eligibility';
import { evaluatePredictions } from '../evaluation/evaluate-predictions';
import type { EvaluationMetrics, ModelSchema, ModelVersion } from '../model-documents';
import { loadServingModel } from '../registry/load-serving-model';
import type { TrainingMatrix } from '../training-matrix';
import { readMetadata } from '../registry/version-directory';

export interface ChampionComparison {
  readonly version: ModelVersion;
  /** Null where it can't be scored: another schema, or it no longer loads. */
  readonly metrics: EvaluationMetrics | null;
  /** Whether it was trained on the users who are eligible now; false where it can't be scored. */
  readonly isSameEligibility: boolean;
}

/** The champion on a candidate's validation rows; null without a champion. */
export async function compareWithChampion(input: {
  readonly modelsDir: string;
  readonly champion: ModelVersion | null;
  readonly schema: ModelSchema;
  readonly validation: TrainingMatrix;
}): Promise<ChampionComparison | null> {
  const { modelsDir, champion: version, schema, validation } = input;
  if (version === null) return null;
  try {
    const { schemaHash } = schema;
    const model = await loadServingModel({ modelsDir, schemaHash, version });
    const { eligibility_hashes: recorded } = await readMetadata(modelsDir, version);
    const scores = model.scoreColumns(validation.columns, validation.rows);
    return {
      version,
      metrics: evaluatePredictions(scores, validation.labels),
      isSameEligibility: isSameEligibility(recorded, schema),
    };
  } catch (error) {
    // It can't serve either, so it must not keep a model that can from taking its place.
    if (isChurnError(error)) return { version, metrics: null, isSameEligibility: false };
    throw error;
  }
}
