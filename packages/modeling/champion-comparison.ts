import { isChurnError } from '../contracts';
import { evaluatePredictions } from './evaluate-predictions';
import type { EvaluationMetrics, ModelVersion } from './model-documents';
import { loadServingModel } from './serving-model';
import type { TrainingMatrix } from './training-matrix';

export interface ChampionComparison {
  readonly version: ModelVersion;
  /** Null where it can't be scored: another schema, or it no longer loads. */
  readonly metrics: EvaluationMetrics | null;
}

/** The champion on a candidate's validation rows; null without a champion. */
export async function compareWithChampion(input: {
  readonly modelsDir: string;
  readonly champion: ModelVersion | null;
  readonly schemaHash: string;
  readonly validation: TrainingMatrix;
}): Promise<ChampionComparison | null> {
  const { modelsDir, champion: version, schemaHash, validation } = input;
  if (version === null) return null;
  try {
    const model = await loadServingModel({ modelsDir, schemaHash, version });
    const scores = model.scoreColumns(validation.columns, validation.rows);
    return { version, metrics: evaluatePredictions(scores, validation.labels) };
  } catch (error) {
    // It can't serve either, so it must not keep a model that can from taking its place.
    if (isChurnError(error)) return { version, metrics: null };
    throw error;
  }
}
