import { readFileSync } from 'node:fs';
import path from 'node:path';
import { formatInstant } from '../../instants';
import type { ChampionComparison } from './champion-comparison';
import { describeEligibility, eligibilityHashes } from '../eligibility';
import type { ModelMetadata, PromotionDecision } from '../model-documents';
import type { TrainingRun } from './training-run';
import { describeKnowledge, describePartitions } from './training-inputs';
import { countPositives } from '../training-matrix';
import { LABEL_GRACE_DAYS, LABEL_HORIZON_DAYS } from './training-split';
import { versionFiles } from '../registry/version-directory';

type MetadataInput = TrainingRun & {
  readonly promotion: PromotionDecision;
  readonly comparison: ChampionComparison | null;
  readonly sampleRows: number;
};

/** metadata.json, all but the version. */
export function buildMetadata(input: MetadataInput): Omit<ModelMetadata, 'model_version'> {
  const { options, trained, promotion, comparison } = input;
  const { schema } = options;
  return {
    format_version: 1,
    model_name: 'churn_model',
    created_at: formatInstant(options.createdAt),
    training_time: {
      duration_ms: Math.round(performance.now() - input.started),
      solver_ms: Math.round(trained.solverMillis),
    },
    as_of: options.asOf,
    input_hash: input.hash,
    status: trained.fitted.converged ? 'converged' : 'not_converged',
    algorithm: describeAlgorithm(input),
    seed: options.seed,
    library_versions: libraryVersions(),
    code_version: options.codeVersion,
    feature_schema: schema.features.map(({ name, type, unit, description }) => ({
      name,
      type,
      unit,
      description,
    })),
    feature_schema_hash: schema.schemaHash,
    ...describeCoefficients(input),
    label: {
      name: schema.label.name,
      horizon_days: LABEL_HORIZON_DAYS,
      grace_days: LABEL_GRACE_DAYS,
    },
    eligibility: describeEligibility(schema),
    eligibility_hashes: eligibilityHashes(schema),
    data: describeData(input),
    split: input.inputs.split,
    metrics: trained.metrics,
    training_metrics: trained.trainingMetrics,
    recency_baseline: trained.recencyBaseline,
    champion_metrics: comparison?.metrics
      ? { model_version: comparison.version, ...comparison.metrics }
      : null,
    drift_reference: trained.driftReference,
    sample: {
      file: versionFiles.sample,
      rows: input.sampleRows,
      seed: options.seed,
      method: 'training rows, stratified by label, uniform within; user ids as salted hashes',
    },
    parent_version: promotion.champion,
    promotion,
  };
}

function describeAlgorithm({ trained, settings }: MetadataInput): ModelMetadata['algorithm'] {
  const { fitted } = trained;
  return {
    name: 'logistic_regression',
    solver: trained.solver,
    l2: settings.l2,
    max_iterations: settings.maxIterations,
    tolerance: settings.tolerance,
    iterations: fitted.iterations,
    converged: fitted.converged,
    gradient_norm_per_row: fitted.gradientNormPerRow,
    log_likelihood: fitted.logLikelihood,
  };
}

function describeCoefficients({
  trained,
}: MetadataInput): Pick<ModelMetadata, 'standardizer' | 'intercept' | 'coefficients'> {
  const { artifact, fitted } = trained;
  return {
    standardizer: { mean: artifact.means, std: artifact.standard_deviations },
    intercept: { standardised: artifact.intercept, raw: artifact.raw_intercept },
    coefficients: artifact.feature_names.map((feature, index) => ({
      feature,
      standardised: artifact.coefficients.standardised[index]!,
      raw: artifact.coefficients.raw[index]!,
      standard_error: artifact.coefficients.standard_errors[index]!,
      constant: fitted.isConstant[index]!,
    })),
  };
}

function describeData({ inputs, rows }: MetadataInput): ModelMetadata['data'] {
  const { training, validation } = rows;
  const positives = countPositives(training.matrix.labels);
  const both = (reason: keyof typeof training.excluded) =>
    training.excluded[reason] + validation.excluded[reason];
  return {
    rows: training.matrix.rows,
    positives,
    base_rate: positives / training.matrix.rows,
    users: rows.users,
    validation_rows: validation.matrix.rows,
    validation_positives: countPositives(validation.matrix.labels),
    excluded: {
      ...inputs.excluded,
      dormant: both('dormant'),
      left: both('left'),
      label_unknown: (inputs.excluded.label_unknown ?? 0) + both('label_unknown'),
    },
    knowledge: describeKnowledge(inputs),
    partitions: describePartitions(inputs),
  };
}

function libraryVersions(): Record<string, string> {
  return {
    node: process.versions.node,
    'ml-matrix': installedVersion('ml-matrix'),
    'ml-logistic-regression': installedVersion('ml-logistic-regression'),
  };
}

/** From the nearest package.json above the module's entry: not every package exports its own. */
function installedVersion(name: string): string {
  let directory = path.dirname(require.resolve(name));
  while (path.basename(directory) !== name) directory = path.dirname(directory);
  const manifest = readFileSync(path.join(directory, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
