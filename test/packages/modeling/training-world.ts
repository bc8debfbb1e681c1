import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import seedrandom from 'seedrandom';
import type { PartitionManifest, PublishedPartition } from '../../../packages/contracts/partitions';
import { copyToParquet, type DuckDb } from '../../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../../packages/duckdb/quote-sql';
import { formatInstant } from '../../../packages/instants/epoch-micros';
import { addDays, datesBetween, midnightOf } from '../../../packages/instants/logical-date';
import type { ModelSchema } from '../../../packages/modeling/model-documents';
import { newtonSolver } from '../../../packages/modeling/solvers/newton-solver';
import type { Solver } from '../../../packages/modeling/solvers/solver';
import { trainModel } from '../../../packages/modeling/training/train-model';
import type { TrainModelOptions } from '../../../packages/modeling/training/training-run';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { testManifest } from '../contracts/test-manifest';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';

const feature = (name: string, type: 'float64' | 'int32' | 'bool') => ({
  name,
  type,
  unit: 'unit',
  description: `what ${name} means`,
});

/** The six features, with a hash of the test's own. */
export const testSchema: ModelSchema = {
  features: [
    feature('avg_sessions_7d', 'float64'),
    feature('sessions_30d', 'int32'),
    feature('days_since_last_login', 'int32'),
    feature('failed_payments_30d', 'int32'),
    feature('total_spend_90d', 'float64'),
    feature('is_pro_plan', 'bool'),
  ],
  label: { name: 'label_churned_30d' },
  state: { name: 'is_subscribed' },
  eligibleBy: 'sessions_30d',
  definitionHashes: { sessions_30d: 'sessions of the tests', is_subscribed: 'state of the tests' },
  recency: 'days_since_last_login',
  schemaHash: 'schema-of-the-tests',
};

/** Log-odds with which the test's users leave; a solver should find them again. */
export const trueWeights = { intercept: -1.5, recency: 0.12, failedPayments: 0.9, pro: -0.7 };

export interface DayRow {
  readonly user_id: string;
  readonly sessions_30d: number;
  readonly days_since_last_login: number;
  readonly failed_payments_30d: number;
  readonly is_pro_plan: boolean;
  readonly label: boolean | null;
  /** Default true. */
  readonly is_subscribed?: boolean;
}

/** A uuid, whose order is that of the numbers. */
export function userIdOf(index: number): string {
  return `${String(index).padStart(8, '0')}-5f4e-4c3d-8b2a-190817263544`;
}

/** Who is learned from, as the design says it. */
export function isEligibleRow({ sessions_30d, is_subscribed = true }: DayRow): boolean {
  return is_subscribed && sessions_30d > 0;
}

/** Users of one day, a pure function of (seed, date, users); one in ten is dormant, one in twelve has left. */
export function usersOfDay(date: string, users: number, seed: string): DayRow[] {
  const random = seedrandom(`${seed}:${date}`);
  return Array.from({ length: users }, (_, index) => {
    const isDormant = random.double() < 0.1;
    const recency = Math.floor(random.double() * 30);
    const failed = Math.floor(random.double() ** 3 * 4);
    const isPro = random.double() < 0.4;
    const logit =
      trueWeights.intercept +
      trueWeights.recency * (recency - 10) +
      trueWeights.failedPayments * failed +
      (isPro ? trueWeights.pro : 0);
    return {
      user_id: userIdOf(index),
      sessions_30d: isDormant ? 0 : 1 + Math.floor(random.double() * 12),
      days_since_last_login: recency,
      failed_payments_30d: failed,
      is_pro_plan: isPro,
      label: random.double() < 1 / (1 + Math.exp(-logit)),
      is_subscribed: random.double() >= 1 / 12,
    };
  });
}

const withoutColumn = (query: string, column: string) =>
  `SELECT * EXCLUDE (${column}) FROM (${query})`;

/**
 * Writes a day's Parquet file and a manifest for it, as the offline store would; the file has no
 * state where the manifest's definition hashes are given and have none.
 */
export async function writePartition(
  duckDb: DuckDb,
  file: string,
  date: string,
  rows: readonly DayRow[],
  overrides: Partial<PartitionManifest> = {},
): Promise<PublishedPartition> {
  mkdirSync(path.dirname(file), { recursive: true });
  const values = rows.map(
    (row) =>
      `(${quoteLiteral(row.user_id)}, make_timestamptz(${midnightOf(date)}), ${row.sessions_30d / 30}::DOUBLE, ` +
      `${row.sessions_30d}::INTEGER, ${row.days_since_last_login}::INTEGER, ` +
      `${row.failed_payments_30d}::INTEGER, ${row.sessions_30d * 2.5}::DOUBLE, ` +
      `${row.is_pro_plan}::BOOLEAN, ${row.label === null ? 'NULL' : row.label}::BOOLEAN, ` +
      `${row.is_subscribed ?? true}::BOOLEAN)`,
  );
  const names = testSchema.features.map(({ name }) => name).join(', ');
  const state = testSchema.state.name;
  const hasState =
    overrides.definition_hashes?.[state] !== undefined || !overrides.definition_hashes;
  const query = `SELECT * FROM (VALUES ${values.join(', ')})
    AS t(user_id, feature_time, ${names}, ${testSchema.label.name}, ${state}) ORDER BY user_id`;
  await duckDb.run(copyToParquet(hasState ? query : withoutColumn(query, state), file));
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  const labelKnownAt = formatInstant(midnightOf(addDays(date, 31)));
  const manifest = testManifest(date, {
    known_at: formatInstant(midnightOf(addDays(date, 1))),
    label_known_at: labelKnownAt,
    label_batch: 2,
    label_complete_through: labelKnownAt,
    label_mature: rows.some((row) => row.label !== null),
    rows: rows.length,
    bytes: statSync(file).size,
    sha256,
    content_hash: createHash('sha256').update(values.join('\n')).digest('hex'),
    schema_hash: testSchema.schemaHash,
    definition_hashes: testSchema.definitionHashes,
    reason: 'backfill',
    ...overrides,
  });
  return { manifest, path: file };
}

/** A partition per day, in `directory/features`. */
export async function writeDays(options: {
  readonly directory: string;
  readonly from: string;
  readonly to: string;
  readonly users: number;
  readonly seed?: string;
}): Promise<PublishedPartition[]> {
  const duckDb = await openTestDuckDb(options.directory);
  try {
    const partitions: PublishedPartition[] = [];
    for (const date of datesBetween(options.from, options.to)) {
      const file = path.join(options.directory, 'features', `${date}.parquet`);
      const rows = usersOfDay(date, options.users, options.seed ?? 'world');
      partitions.push(await writePartition(duckDb, file, date, rows));
    }
    return partitions;
  } finally {
    duckDb.close();
  }
}

/** Newton's method with another penalty: another model, of the same rows. */
export function withPenalty(l2: number): Solver {
  return { ...newtonSolver, defaults: { ...newtonSolver.defaults, l2 } };
}

/** A registry per test over one set of partitions; registers the hooks it needs. */
export function setUpTraining(days: { from: string; to: string; users: number }) {
  const scratch = createScratchDirectory();
  let registries = 0;
  const world = {
    directory: scratch.path,
    /** Filled before the first test. */
    partitions: [] as PublishedPartition[],
    modelsDir: '',
    /** Starts over with an empty registry; each test starts with one. */
    clearRegistry: () => {
      world.modelsDir = path.join(scratch.path, `models-${++registries}`);
    },
    openDuckDb: () => openTestDuckDb(scratch.path),
    train: (changes: Partial<TrainModelOptions> = {}) =>
      trainModel({
        partitions: world.partitions,
        schema: testSchema,
        openDuckDb: world.openDuckDb,
        modelsDir: world.modelsDir,
        asOf: '2024-06-30',
        createdAt: midnightOf('2024-06-30'),
        codeVersion: 'code of the tests',
        seed: 42,
        ...changes,
      }),
    read: (version: string, file: string) =>
      readFileSync(path.join(world.modelsDir, version, file), 'utf8'),
  };
  beforeAll(async () => {
    world.partitions = await writeDays({ directory: scratch.path, ...days });
  });
  beforeEach(world.clearRegistry);
  afterAll(() => scratch.remove());
  return world;
}
