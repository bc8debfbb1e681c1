import { createHash } from 'node:crypto';
import { ChurnError, isChurnError, type PublishedPartition } from '../../contracts';
import type { LogicalDate } from '../../instants';
import { eligibilityHashes, knowsState } from '../eligibility';
import type {
  ModelSchema,
  PartitionInput,
  SolverName,
  TrainingKnowledge,
  TrainingSplit,
} from '../model-documents';
import { featuresOf, separateFeatures, type ServedFeatures } from '../partition-rows';
import type { SolverOptions } from '../solvers/solver';
import type { TrainingMatrix } from '../training-matrix';
import type { TrainingDay } from './training-rows';
import { lastUsableDay, splitDays, type DaySplit } from './training-split';

/** What a model is trained and validated on, before any row is read. */
export interface TrainingInputs {
  readonly training: readonly TrainingDay[];
  readonly validation: readonly TrainingDay[];
  readonly split: TrainingSplit;
  /** Rows of whole partitions that were left out, by reason. */
  readonly excluded: Readonly<Record<string, number>>;
}

interface SelectionInput {
  /**
   * The current revision of each day: its labels, and its features unless they were served. Those
   * that are too recent to be used may be among them, and are counted as such.
   */
  readonly partitions: readonly PublishedPartition[];
  /** Features as they were served, for the days of which they are known. */
  readonly servedFeatures?: readonly ServedFeatures[];
  readonly schema: ModelSchema;
  readonly asOf: LogicalDate;
}

/**
 * Chooses and splits the days.
 *
 * @throws ChurnError NOT_ENOUGH_TRAINING_DATA (see `splitDays`).
 * @throws RangeError when a day is given twice.
 */
export function selectTrainingInputs(input: SelectionInput): TrainingInputs {
  const { schema, asOf } = input;
  const served = byDate(input.servedFeatures ?? [], ({ date }) => date);
  const current = byDate(input.partitions, ({ manifest }) => manifest.date);
  const last = lastUsableDay(asOf);
  const excluded = { other_schema: 0, too_recent: 0, label_unknown: 0, no_state: 0 };
  const days = new Map<LogicalDate, TrainingDay>();
  for (const [date, labels] of current) {
    const features = served.get(date);
    const day: TrainingDay = { date, labels, ...(features && { served: features }) };
    const reason = exclusion(labels, schema, last);
    if (reason) excluded[reason] += featuresOf(day).rows;
    else days.set(date, day);
  }
  const split = splitLabelled([...days.keys()], input);
  const pick = (dates: readonly LogicalDate[]) => dates.map((date) => days.get(date)!);
  const rowsOf = (dates: readonly LogicalDate[]) =>
    pick(dates).reduce((sum, day) => sum + featuresOf(day).rows, 0);
  return {
    training: pick(split.training),
    validation: pick(split.validation),
    split: {
      method: 'purged_time',
      training: rangeOf(split.training),
      validation: rangeOf(split.validation),
      gap: { ...split.gap, days: split.left.purged_gap.length },
    },
    excluded: {
      ...excluded,
      purged_gap: rowsOf(split.left.purged_gap),
      before_training: rowsOf(split.left.before_training),
    },
  };
}

/**
 * The days that a model would be trained and validated on, in order: those whose features as they
 * were served are wanted.
 *
 * @throws ChurnError NOT_ENOUGH_TRAINING_DATA
 */
export function selectTrainingPartitions(
  input: Omit<SelectionInput, 'servedFeatures'>,
): PublishedPartition[] {
  const { training, validation } = selectTrainingInputs(input);
  return [...training, ...validation].map(({ labels }) => labels);
}

function exclusion(
  { manifest }: PublishedPartition,
  schema: ModelSchema,
  last: LogicalDate,
): 'other_schema' | 'too_recent' | 'label_unknown' | 'no_state' | undefined {
  if (manifest.schema_hash !== schema.schemaHash) return 'other_schema';
  if (manifest.date > last) return 'too_recent';
  if (!manifest.label_mature) return 'label_unknown';
  return knowsState(manifest, schema) ? undefined : 'no_state';
}

/**
 * As `splitDays`. Where days are missing because they have no state, the error says how many, and
 * names the backfill that adds it. That one reaches over every partition without a state, not only
 * those that training would use: lists and drift need the others.
 */
function splitLabelled(
  labelledDays: readonly LogicalDate[],
  { partitions, schema, asOf }: SelectionInput,
): DaySplit {
  try {
    return splitDays(labelledDays, asOf);
  } catch (error) {
    const isShort = isChurnError(error) && error.code === 'NOT_ENOUGH_TRAINING_DATA';
    if (!isShort) throw error;
    const lacking = partitions.filter(({ manifest }) => !knowsState(manifest, schema));
    const last = lastUsableDay(asOf);
    const leftOut = lacking.filter((labels) => exclusion(labels, schema, last) === 'no_state');
    if (leftOut.length === 0) throw error;
    const toBackfill = rangeOf(datesOf(lacking));
    const { from, to, days } = rangeOf(datesOf(leftOut));
    const problem =
      `${String(error.details.problem)}; ${days} partitions from ${from} to ${to} are left out ` +
      '(no_state), because they have no is_subscribed column as this release defines it; ' +
      `\`churn backfill --from ${toBackfill.from} --to ${toBackfill.to}\` adds it to every partition that lacks it`;
    throw new ChurnError(error.code, { ...error.details, problem }, { cause: error });
  }
}

/** Ascending. */
function datesOf(partitions: readonly PublishedPartition[]): LogicalDate[] {
  return partitions.map(({ manifest }) => manifest.date).sort();
}

function byDate<T>(
  items: readonly T[],
  dateOf: (item: T) => LogicalDate,
): ReadonlyMap<LogicalDate, T> {
  const days = new Map(items.map((item) => [dateOf(item), item] as const));
  if (days.size < items.length) throw new RangeError('a day is given twice');
  return days;
}

function rangeOf(dates: readonly LogicalDate[]): { from: string; to: string; days: number } {
  return { from: dates[0]!, to: dates.at(-1)!, days: dates.length };
}

/**
 * Identifies everything a model follows from: the rows themselves (by their values, in order), the
 * split, schema, eligibility and solver. Host, time, seed of the sample and which files the rows came from are
 * not part of it.
 */
export function inputHash(
  rows: { readonly training: TrainingMatrix; readonly validation: TrainingMatrix },
  inputs: TrainingInputs,
  schema: ModelSchema,
  solver: { readonly name: SolverName; readonly options: SolverOptions },
): string {
  const { l2, maxIterations, tolerance } = solver.options;
  const identity = {
    recipe: 3,
    training: [rows.training.rows, hashRows(rows.training)],
    validation: [rows.validation.rows, hashRows(rows.validation)],
    split: inputs.split,
    schema: [schema.schemaHash, schema.label.name],
    eligibility: eligibilityHashes(schema),
    solver: [solver.name, l2, maxIterations, tolerance],
  };
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
}

/** Of the bits of every value and label: the numbers are little-endian wherever Node runs. */
function hashRows({ columns, labels }: TrainingMatrix): string {
  const hash = createHash('sha256');
  for (const values of [...columns, labels]) {
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

export function describePartitions(inputs: TrainingInputs): PartitionInput[] {
  const describe = (role: PartitionInput['role']) => (day: TrainingDay) => {
    const { manifest } = day.labels;
    const features = featuresOf(day);
    const separate = separateFeatures(day);
    return {
      date: day.date,
      role,
      revision: manifest.revision,
      content_hash: manifest.content_hash,
      sha256: manifest.sha256,
      rows: features.rows,
      known_at: features.known.at,
      batch: features.known.batch,
      label_known_at: manifest.label_known_at,
      label_batch: manifest.label_batch,
      ...(separate && {
        features_revision: separate.revision,
        features_sha256: separate.sha256,
      }),
    };
  };
  return [
    ...inputs.training.map(describe('training')),
    ...inputs.validation.map(describe('validation')),
  ];
}

export function describeKnowledge(inputs: TrainingInputs): TrainingKnowledge {
  const days = [...inputs.training, ...inputs.validation];
  const features = days.map((day) => featuresOf(day));
  const labels = days.map((day) => day.labels.manifest);
  const kinds: Record<string, number> = {};
  for (const { served, labels: stored } of days) {
    const kind = served ? 'as-served' : stored.manifest.knowledge;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  const complete = labels.flatMap(({ label_complete_through: through }) => through ?? []);
  return {
    features: {
      kinds,
      as_served: kinds['as-served'] ?? 0,
      known_at: textRange(features.map(({ known }) => known.at)),
      batch: numberRange(features.map(({ known }) => known.batch)),
    },
    labels: {
      known_at: textRange(labels.map((manifest) => manifest.label_known_at)),
      batch: numberRange(labels.map((manifest) => manifest.label_batch)),
      complete_through: complete.length > 0 ? textRange(complete) : null,
    },
  };
}

function textRange(texts: readonly string[]): { min: string; max: string } {
  const sorted = [...texts].sort();
  return { min: sorted[0]!, max: sorted.at(-1)! };
}

function numberRange(numbers: readonly number[]): { min: number; max: number } {
  return { min: Math.min(...numbers), max: Math.max(...numbers) };
}
