import { ChurnError, type FeatureValues } from '../../contracts';
import type { FeatureWording } from '../../features';
import { linearModelOf, probabilityOf } from './build-artifact';
import { contributionsOf, logitOf, scoreColumns, sigmoid, type LinearModel } from './linear-scorer';
import type { ModelArtifact, ModelVersion } from '../model-documents';
import { reasonText } from './reason-texts';

export interface Contribution {
  readonly feature: string;
  /** As given: booleans stay booleans. */
  readonly value: number | boolean;
  /** Log-odds added to the average user's. */
  readonly contribution: number;
  /** For people: `3 failed payments in 30 days: +0.8`. */
  readonly text: string;
}

export interface Explanation {
  readonly probability: number;
  /** intercept + Σ contributions in feature order, exactly. */
  readonly logit: number;
  /** Log-odds of the average user of the training rows. */
  readonly intercept: number;
  /** In feature order. */
  readonly contributions: readonly Contribution[];
}

/** A model that passed its checks and may answer. */
export interface ServingModel {
  readonly version: ModelVersion;
  readonly schemaHash: string;
  readonly featureNames: readonly string[];
  /**
   * The probability of leaving in the next 30 days, 0 to 1.
   *
   * @throws ChurnError INVALID_REQUEST when a feature is missing or is not a finite number.
   */
  predict(features: FeatureValues): number;
  /** @throws ChurnError INVALID_REQUEST when a feature is missing or is not a finite number. */
  explain(features: FeatureValues): Explanation;
  /** Probabilities of many rows given as columns in feature order: the same bits as `predict`. */
  scoreColumns(columns: readonly Float64Array[], rows: number): Float64Array;
}

/** How values are said in reasons, by feature. */
export type Wording = ReadonlyMap<string, FeatureWording>;

// exp and division may differ in the last bit between processors and Node versions.
const GOLDEN_TOLERANCE = 1e-12;

/** @throws ChurnError CORRUPT_MODEL when the shapes or the golden predictions don't hold. */
export function createServingModel(
  version: ModelVersion,
  artifact: ModelArtifact,
  wording: Wording = new Map(),
): ServingModel {
  const model = linearModelOf(artifact);
  const names = artifact.feature_names;
  requireShape(version, names.length, model);
  replayGoldenPredictions(version, artifact, model);
  return {
    version,
    schemaHash: artifact.schema_hash,
    featureNames: names,
    predict: (features) => probabilityOf(model, valuesOf(names, features)),
    explain: (features) => explain({ model, names, wording }, features),
    scoreColumns: (columns, rows) => scoreColumns(model, columns, rows),
  };
}

function requireShape(version: ModelVersion, width: number, model: LinearModel): void {
  const vectors = [model.means, model.standardDeviations, model.coefficients];
  const isWhole =
    vectors.every((vector) => vector.length === width && vector.every(Number.isFinite)) &&
    Number.isFinite(model.intercept) &&
    model.standardDeviations.every((deviation) => deviation > 0);
  if (!isWhole)
    throw new ChurnError('CORRUPT_MODEL', {
      version,
      problem: 'its coefficients are incomplete or not finite',
    });
}

function replayGoldenPredictions(
  version: ModelVersion,
  artifact: ModelArtifact,
  model: LinearModel,
): void {
  const golden = artifact.golden_predictions;
  const wrong = golden.filter(
    ({ values, probability }) =>
      !(Math.abs(probabilityOf(model, values) - probability) <= GOLDEN_TOLERANCE),
  );
  if (golden.length > 0 && wrong.length === 0) return;
  const problem = `${wrong.length} of ${golden.length} golden predictions differ`;
  throw new ChurnError('CORRUPT_MODEL', { version, problem });
}

function valuesOf(names: readonly string[], features: FeatureValues): Float64Array {
  const values = new Float64Array(names.length);
  for (let index = 0; index < names.length; index++) {
    const value = Number(features[names[index]!] ?? NaN);
    if (!Number.isFinite(value)) {
      const problem = `feature ${names[index]!} is missing or is not a finite number`;
      throw new ChurnError('INVALID_REQUEST', { problem });
    }
    values[index] = value;
  }
  return values;
}

function explain(
  { model, names, wording }: { model: LinearModel; names: readonly string[]; wording: Wording },
  features: FeatureValues,
): Explanation {
  const values = valuesOf(names, features);
  const contributions = contributionsOf(model, values);
  const logit = logitOf(model.intercept, contributions);
  return {
    probability: sigmoid(logit),
    logit,
    intercept: model.intercept,
    contributions: names.map((feature, index) => ({
      feature,
      value: features[feature]!,
      contribution: contributions[index]!,
      text: reasonText(
        { name: feature, value: values[index]!, wording: wording.get(feature) },
        contributions[index]!,
      ),
    })),
  };
}

/** The texts of the features that raise the risk most, at most `count`, strongest first. */
export function topReasons(explanation: Explanation, count = 3): string[] {
  return explanation.contributions
    .filter(({ contribution }) => contribution > 0)
    .sort((left, right) => right.contribution - left.contribution)
    .slice(0, count)
    .map(({ text }) => text);
}
