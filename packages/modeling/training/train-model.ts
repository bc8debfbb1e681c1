import { randomBytes } from 'node:crypto';
import type { DuckDb } from '../../duckdb';
import { parseLogicalDate, type LogicalDate } from '../../instants';
import { compareWithChampion } from './champion-comparison';
import { fitModel } from './fit-model';
import { settledVersions, type RegistryPorts } from '../registry/change-registry';
import type { ModelMetadata, ModelVersion } from '../model-documents';
import {
  settleEarlierVersion,
  settlePromotion,
  settleUnregistered,
} from '../registry/model-registry';
import { newtonSolver } from '../solvers/newton-solver';
import { featuresOf, requireIntactFile } from '../partition-rows';
import { decidePromotion } from '../evaluation/promotion-gate';
import { publishVersion, removeStaleStaging } from '../registry/publish-version';
import { withRegistryLock } from '../registry/registry-lock';
import { inputHash, selectTrainingInputs, type TrainingInputs } from './training-inputs';
import { buildMetadata } from './training-metadata';
import type { InputRows, TrainingRun, TrainModelOptions } from './training-run';
import { readTrainingRows } from './training-rows';
import { SAMPLE_ROWS_MAX, stratifiedSample, writeTrainingSample } from './training-sample';
import { countUsers } from './training-users';
import { requireBothClasses } from '../training-matrix';
import {
  compareWithManifest,
  listVersions,
  readMetadata,
  versionDirectory,
} from '../registry/version-directory';

export interface TrainedVersion {
  readonly version: ModelVersion;
  readonly metadata: ModelMetadata;
  /** False when a version trained on the same inputs was there already. */
  readonly isNew: boolean;
}

/**
 * Trains, evaluates and publishes a version, decides on its promotion and carries that out. With the
 * inputs of an existing version it returns that one, and finishes its promotion should a crash have
 * left it undone: safe to retry at any point.
 *
 * @throws ChurnError NOT_ENOUGH_TRAINING_DATA, TRAINING_NOT_CONVERGED (not a number came out),
 *   INVALID_REQUEST, PARTITION_NOT_FOUND, CORRUPT_PARTITION, STORAGE_UNAVAILABLE,
 *   POSTGRES_UNAVAILABLE
 */
export async function trainModel(options: TrainModelOptions): Promise<TrainedVersion> {
  const { modelsDir, schema } = options;
  const started = performance.now();
  parseLogicalDate(options.asOf);
  const solver = options.solver ?? newtonSolver;
  const settings = solver.defaults;
  const inputs = selectTrainingInputs(options);
  const duckDb = await options.openDuckDb();
  try {
    const rows = await readInputs(duckDb, inputs, options);
    const matrices = { training: rows.training.matrix, validation: rows.validation.matrix };
    const hash = inputHash(matrices, inputs, schema, { name: solver.name, options: settings });
    const existing = await findByInputs(modelsDir, hash);
    if (existing) {
      return await withRegistryLock(modelsDir, () => finishExisting(options, existing));
    }
    options.onProgress?.({ stage: 'fitting' });
    const trained = fitModel({ solver, settings, schema, ...rows });
    options.onProgress?.({ stage: 'publishing' });
    const run: TrainingRun = { options, inputs, hash, duckDb, rows, trained, settings, started };
    return await withRegistryLock(modelsDir, () => publish(run));
  } finally {
    duckDb.close();
  }
}

async function readInputs(
  duckDb: DuckDb,
  inputs: TrainingInputs,
  options: TrainModelOptions,
): Promise<InputRows> {
  const { schema, signal, asOf, onProgress } = options;
  const onDay = (date: LogicalDate) => onProgress?.({ stage: 'reading', date });
  for (const day of [...inputs.training, ...inputs.validation]) {
    signal?.throwIfAborted();
    const { path, manifest } = day.labels;
    await requireIntactFile(day.date, { path, ...manifest });
    if (day.served) await requireIntactFile(day.date, featuresOf(day));
  }
  const read = (days: TrainingInputs['training']) =>
    readTrainingRows({ duckDb, days, schema, onDay, signal });
  const training = await read(inputs.training);
  requireBothClasses(training.matrix.labels, asOf, 'training');
  const validation = await read(inputs.validation);
  requireBothClasses(validation.matrix.labels, asOf, 'validation');
  const users = await countUsers(duckDb, inputs.training, schema, signal);
  return { training, validation, users };
}

/** The intact version with these inputs, the latest should there be several. */
async function findByInputs(modelsDir: string, hash: string): Promise<ModelVersion | undefined> {
  for (const version of (await listVersions(modelsDir)).reverse()) {
    const directory = versionDirectory(modelsDir, version);
    const { missing, mismatched } = await compareWithManifest(directory);
    if (missing.length + mismatched.length > 0) continue;
    if ((await readMetadata(modelsDir, version)).input_hash === hash) return version;
  }
  return undefined;
}

async function finishExisting(
  options: TrainModelOptions,
  version: ModelVersion,
): Promise<TrainedVersion> {
  const metadata = await readMetadata(options.modelsDir, version);
  await settleEarlierVersion(portsOf(options), version, metadata);
  return { version, metadata, isNew: false };
}

function portsOf({ modelsDir, createdAt, eventLog }: TrainModelOptions): RegistryPorts {
  return { modelsDir, now: () => createdAt, eventLog };
}

/** Under the registry's lock: nobody else moves the champion or takes the number meanwhile. */
async function publish(run: TrainingRun): Promise<TrainedVersion> {
  const { options, inputs, duckDb, rows, trained } = run;
  const { modelsDir, schema, seed } = options;
  const twin = await findByInputs(modelsDir, run.hash);
  if (twin) return finishExisting(options, twin);
  await removeStaleStaging(modelsDir);
  const state = await settleUnregistered(portsOf(options));
  const comparison = await compareWithChampion({
    modelsDir,
    champion: state.aliases.champion,
    schema,
    validation: rows.validation.matrix,
  });
  const promotion = decidePromotion({
    candidate: {
      converged: trained.fitted.converged,
      schemaHash: schema.schemaHash,
      metrics: trained.metrics,
      recencyBaseline: trained.recencyBaseline,
    },
    champion: comparison,
    servedSchemaHash: schema.schemaHash,
  });
  const picked = stratifiedSample(rows.training.matrix.labels, SAMPLE_ROWS_MAX, seed);
  const salt = randomBytes(32).toString('hex');
  const content = {
    artifact: trained.artifact,
    metadata: buildMetadata({ ...run, promotion, comparison, sampleRows: picked.length }),
    writeSample: (file: string) =>
      writeTrainingSample({
        duckDb,
        schema,
        days: inputs.training,
        rows: rows.training,
        picked,
        salt,
        file,
      }),
  };
  const published = await publishVersion(modelsDir, content, settledVersions(state));
  await settlePromotion(portsOf(options), published.version, published.metadata);
  return { ...published, isNew: true };
}
