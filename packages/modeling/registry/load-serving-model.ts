import { ChurnError } from '../../contracts';
import type { ModelVersion } from '../model-documents';
import { createServingModel, type ServingModel, type Wording } from '../scoring/serving-model';
import { readAliases } from './published-aliases';
import { readArtifact, requireIntact } from './version-directory';

export interface LoadOptions {
  readonly modelsDir: string;
  /**
   * Of the features that will be given: `schemaHash` of the feature set. Null: those the model was
   * trained on, as the log of predictions has them.
   */
  readonly schemaHash: string | null;
  /** How values are said in reasons; absent: `<name> is <value>`. */
  readonly wording?: Wording;
  /** Default: the champion. */
  readonly version?: ModelVersion;
}

/**
 * Loads a model to serve: verifies its checksums, compares its feature schema and replays its golden
 * predictions. Models are JSON; loading one runs no code of it.
 *
 * @throws ChurnError NO_MODEL without a champion, MODEL_NOT_FOUND, CORRUPT_MODEL, SCHEMA_MISMATCH
 */
export async function loadServingModel(options: LoadOptions): Promise<ServingModel> {
  const { modelsDir } = options;
  const version = options.version ?? (await readAliases(modelsDir)).champion;
  if (version === null) throw new ChurnError('NO_MODEL');
  await requireIntact(modelsDir, version);
  const artifact = await readArtifact(modelsDir, version);
  if (options.schemaHash !== null && artifact.schema_hash !== options.schemaHash) {
    throw new ChurnError('SCHEMA_MISMATCH', {
      left: `model ${version}`,
      right: 'the feature store',
    });
  }
  return createServingModel(version, artifact, options.wording);
}
