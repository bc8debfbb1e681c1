import type { PublishedPartition } from '../contracts';
import type { LogicalDate } from '../instants';
import { hashText } from './durable-files';
import type {
  ModelSchema,
  PartitionInput,
  TrainerName,
  TrainingKnowledge,
  TrainingSplit,
} from './model-documents';
import { featuresOf } from './partition-rows';
import type { TrainerOptions } from './trainer';
import type { TrainingDay } from './training-rows';
import { lastUsableDay, splitDays } from './training-split';

/** What a model is trained and validated on, before any row is read. */
export interface TrainingInputs {
  readonly training: readonly TrainingDay[];
  readonly validation: readonly TrainingDay[];
  readonly split: TrainingSplit;
  /** Rows of whole partitions that were left out, by reason. */
  readonly excluded: Readonly<Record<string, number>>;
}

interface SelectionInput {
  /** The current revision of each day: its labels, and its features unless they were served. */
  readonly partitions: readonly PublishedPartition[];
  /** Revisions as first served, for the days where that is another one. */
  readonly servedPartitions?: readonly PublishedPartition[];
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
  const served = byDate(input.servedPartitions ?? []);
  const current = byDate(input.partitions);
  const last = lastUsableDay(asOf);
  const excluded = { other_schema: 0, too_recent: 0, label_unknown: 0 };
  const days = new Map<LogicalDate, TrainingDay>();
  for (const [date, labels] of current) {
    const day: TrainingDay = { date, labels, ...servedRevision(served.get(date), labels) };
    const reason = exclusion(day, schema, last);
    if (reason) excluded[reason] += featuresOf(day).manifest.rows;
    else days.set(date, day);
  }
  const split = splitDays([...days.keys()], asOf);
  const pick = (dates: readonly LogicalDate[]) => dates.map((date) => days.get(date)!);
  const rowsOf = (dates: readonly LogicalDate[]) =>
    pick(dates).reduce((sum, day) => sum + featuresOf(day).manifest.rows, 0);
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

function servedRevision(
  served: PublishedPartition | undefined,
  labels: PublishedPartition,
): { served: PublishedPartition } | Record<string, never> {
  return served && served.manifest.sha256 !== labels.manifest.sha256 ? { served } : {};
}

function exclusion(
  day: TrainingDay,
  schema: ModelSchema,
  last: LogicalDate,
): 'other_schema' | 'too_recent' | 'label_unknown' | undefined {
  const revisions = [day.labels, featuresOf(day)];
  if (revisions.some(({ manifest }) => manifest.schema_hash !== schema.schemaHash)) {
    return 'other_schema';
  }
  if (day.date > last) return 'too_recent';
  return day.labels.manifest.label_mature ? undefined : 'label_unknown';
}

function byDate(
  partitions: readonly PublishedPartition[],
): ReadonlyMap<LogicalDate, PublishedPartition> {
  const days = new Map(partitions.map((one) => [one.manifest.date, one] as const));
  if (days.size < partitions.length) throw new RangeError('a day is given twice');
  return days;
}

function rangeOf(dates: readonly LogicalDate[]): { from: string; to: string; days: number } {
  return { from: dates[0]!, to: dates.at(-1)!, days: dates.length };
}

/**
 * Identifies everything a model follows from: contents of the partitions, split, schema and solver.
 * Host, time, seed of the sample and how the Parquet is encoded are not part of it.
 */
export function inputHash(
  inputs: TrainingInputs,
  schema: ModelSchema,
  solver: { readonly name: TrainerName; readonly options: TrainerOptions },
): string {
  const contents = (days: readonly TrainingDay[]) =>
    days.map((day) => [
      day.date,
      day.labels.manifest.content_hash,
      featuresOf(day).manifest.content_hash,
    ]);
  const { l2, maxIterations, tolerance } = solver.options;
  const identity = {
    recipe: 1,
    training: contents(inputs.training),
    validation: contents(inputs.validation),
    schema: [schema.schemaHash, schema.label.name],
    solver: [solver.name, l2, maxIterations, tolerance],
  };
  return hashText(JSON.stringify(identity));
}

export function describePartitions(inputs: TrainingInputs): PartitionInput[] {
  const describe = (role: PartitionInput['role']) => (day: TrainingDay) => {
    const { manifest } = day.labels;
    const served = day.served?.manifest;
    return {
      date: day.date,
      role,
      revision: manifest.revision,
      content_hash: manifest.content_hash,
      sha256: manifest.sha256,
      rows: featuresOf(day).manifest.rows,
      ...(served && {
        features_revision: served.revision,
        features_content_hash: served.content_hash,
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
  const features = days.map((day) => featuresOf(day).manifest);
  const labels = days.map((day) => day.labels.manifest);
  const kinds: Record<string, number> = {};
  for (const { knowledge } of features) kinds[knowledge] = (kinds[knowledge] ?? 0) + 1;
  const complete = labels.flatMap(({ label_complete_through: through }) => through ?? []);
  return {
    features: {
      kinds,
      as_served: days.filter((day) => day.served !== undefined).length,
      known_at: textRange(features.map((manifest) => manifest.known_at)),
      batch: numberRange(features.map((manifest) => manifest.batch)),
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
