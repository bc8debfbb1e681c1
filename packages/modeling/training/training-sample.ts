import { createHash } from 'node:crypto';
import seedrandom from 'seedrandom';
import { midnightOf } from '../../instants';
import { copyToParquet, quoteIdentifier, type DuckDb } from '../../duckdb';
import type { ModelSchema, ModelSchemaFeature } from '../model-documents';
import { countPositives } from '../training-matrix';
import type { TrainingDay, TrainingRows } from './training-rows';
import { readUserIds, type RowAddress } from './training-users';

export const SAMPLE_ROWS_MAX = 1000;

/**
 * Picks up to `size` rows, as many of each outcome as its share (at least one), uniformly and
 * reproducibly from the seed.
 *
 * @returns Row indices, ascending, each once.
 */
export function stratifiedSample(labels: Uint8Array, size: number, seed: number): number[] {
  if (labels.length <= size) return [...labels.keys()];
  const random = seedrandom(`${seed}:training-sample`);
  const positives = countPositives(labels);
  const share = Math.round((size * positives) / labels.length);
  const wanted = Math.min(positives, size - 1, Math.max(Math.min(1, positives), share));
  const sizes = [size - wanted, wanted];
  const picked: [number[], number[]] = [[], []];
  const seen = [0, 0];
  // Reservoir sampling (Vitter's algorithm R), one reservoir per outcome.
  labels.forEach((label, row) => {
    const outcome = label as 0 | 1;
    const reservoir = picked[outcome];
    seen[outcome]! += 1;
    if (reservoir.length < sizes[outcome]!) return void reservoir.push(row);
    const slot = Math.floor(random.double() * seen[outcome]!);
    if (slot < reservoir.length) reservoir[slot] = row;
  });
  return picked.flat().sort((left, right) => left - right);
}

interface SampleInput {
  readonly duckDb: DuckDb;
  readonly schema: ModelSchema;
  readonly days: readonly TrainingDay[];
  readonly rows: TrainingRows;
  readonly picked: readonly number[];
  /** Secret and forgotten afterwards: user ids can be guessed, so a known salt would give them away. */
  readonly salt: string;
  readonly file: string;
}

/** Writes training_data_sample.parquet: `user_key` (a salted hash), feature_time, features, label. */
export async function writeTrainingSample(input: SampleInput): Promise<void> {
  const { duckDb, schema, days, picked } = input;
  const addresses = picked.map((row) => addressOf(row, input.rows.dayOffsets));
  const users = await readUserIds(duckDb, days, schema, addresses);
  const numbers = [...schema.features.map(({ name }) => name), schema.label.name];
  const columns = numbers.map((name) => `${quoteIdentifier(name)} DOUBLE`).join(', ');
  await duckDb.run(
    `CREATE OR REPLACE TEMP TABLE training_sample (user_key VARCHAR, micros BIGINT, ${columns})`,
  );
  const appender = await duckDb.connection.createAppender('training_sample');
  picked.forEach((row, index) => {
    appender.appendVarchar(userKey(input.salt, users[index]!));
    appender.appendBigInt(midnightOf(days[addresses[index]!.day]!.date));
    input.rows.matrix.columns.forEach((column) => appender.appendDouble(column[row]!));
    appender.appendDouble(input.rows.matrix.labels[row]!);
    appender.endRow();
  });
  appender.closeSync();
  const typed = [...schema.features, { name: schema.label.name, type: 'bool' as const }].map(
    ({ name, type }) =>
      `CAST(${quoteIdentifier(name)} AS ${duckDbTypes[type]}) AS ${quoteIdentifier(name)}`,
  );
  const query = `SELECT user_key, make_timestamptz(micros) AS feature_time, ${typed.join(', ')}
    FROM training_sample ORDER BY feature_time, user_key`;
  await duckDb.run(copyToParquet(query, input.file));
}

function userKey(salt: string, userId: string): string {
  return createHash('sha256').update(`${salt}:${userId}`).digest('hex').slice(0, 32);
}

function addressOf(row: number, dayOffsets: readonly number[]): RowAddress {
  const day = dayOffsets.findLastIndex((offset) => offset <= row);
  return { day, position: row - dayOffsets[day]! };
}

const duckDbTypes: Record<ModelSchemaFeature['type'], string> = {
  float64: 'DOUBLE',
  int32: 'INTEGER',
  bool: 'BOOLEAN',
};
