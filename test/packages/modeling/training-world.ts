import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import seedrandom from 'seedrandom';
import type { PartitionManifest, PublishedPartition } from '../../../packages/contracts/partitions';
import type { DuckDb } from '../../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../../packages/duckdb/quote-sql';
import { formatInstant } from '../../../packages/instants/epoch-micros';
import { addDays, datesBetween, midnightOf } from '../../../packages/instants/logical-date';
import type { ModelSchema } from '../../../packages/modeling/model-documents';
import { newtonSolver } from '../../../packages/modeling/solvers/newton-solver';
import type { Solver } from '../../../packages/modeling/solvers/solver';
import { trainModel, type TrainedVersion } from '../../../packages/modeling/training/train-model';
import type { TrainModelOptions } from '../../../packages/modeling/training/training-run';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { testManifest } from '../contracts/test-manifest';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';
import { MemoryEventLog } from './memory-event-log';

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
  const state = testSchema.state.name;
  const hasState =
    overrides.definition_hashes?.[state] !== undefined || !overrides.definition_hashes;
  await fillDayRows(duckDb, rows);
  const names = testSchema.features.map(({ name }) => name).join(', ');
  const query = `SELECT user_id, make_timestamptz(${midnightOf(date)}) AS feature_time, ${names},
      ${testSchema.label.name}${hasState ? `, ${state}` : ''}
    FROM day_rows ORDER BY user_id`;
  // DuckDB's own settings write a small file in a third of the time that the platform's take.
  await duckDb.run(`COPY (${query}) TO ${quoteLiteral(file)} (FORMAT parquet)`);
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
    content_hash: createHash('sha256')
      .update(JSON.stringify([date, rows]))
      .digest('hex'),
    schema_hash: testSchema.schemaHash,
    definition_hashes: testSchema.definitionHashes,
    reason: 'backfill',
    ...overrides,
  });
  return { manifest, path: file };
}

const duckDbTypes = { float64: 'DOUBLE', int32: 'INTEGER', bool: 'BOOLEAN' } as const;

/** Fills the table `day_rows`. By an appender: as text of SQL the rows take three times as long. */
async function fillDayRows(duckDb: DuckDb, rows: readonly DayRow[]): Promise<void> {
  const features = testSchema.features.map(({ name, type }) => `${name} ${duckDbTypes[type]}`);
  await duckDb.run(
    `CREATE OR REPLACE TEMP TABLE day_rows (user_id VARCHAR, ${features.join(', ')},
      ${testSchema.label.name} BOOLEAN, ${testSchema.state.name} BOOLEAN)`,
  );
  const appender = await duckDb.connection.createAppender('day_rows');
  for (const row of rows) {
    appender.appendVarchar(row.user_id);
    appender.appendDouble(row.sessions_30d / 30);
    appender.appendInteger(row.sessions_30d);
    appender.appendInteger(row.days_since_last_login);
    appender.appendInteger(row.failed_payments_30d);
    appender.appendDouble(row.sessions_30d * 2.5);
    appender.appendBoolean(row.is_pro_plan);
    if (row.label === null) appender.appendNull();
    else appender.appendBoolean(row.label);
    appender.appendBoolean(row.is_subscribed ?? true);
    appender.endRow();
  }
  appender.closeSync();
}

/** A partition per day, in `directory/features`. */
export async function writeDays(options: {
  readonly directory: string;
  readonly from: string;
  readonly to: string;
  readonly users: number;
  readonly seed?: string;
}): Promise<PublishedPartition[]> {
  const duckDb = await openTestDuckDb(options.directory, 1);
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
  const trainedDir = path.join(scratch.path, 'models-trained');
  const trainedEvents = new MemoryEventLog();
  let trained: Promise<TrainedVersion> | undefined;
  const world = {
    directory: scratch.path,
    /** Filled before the first test. */
    partitions: [] as PublishedPartition[],
    modelsDir: '',
    /** The events of the registry in `modelsDir`. */
    eventLog: new MemoryEventLog(),
    /** Starts over with an empty registry; each test starts with one. */
    clearRegistry: () => {
      world.modelsDir = path.join(scratch.path, `models-${++registries}`);
      world.eventLog = new MemoryEventLog();
    },
    // One thread: a second one has nothing to do on rows so few, and spins.
    openDuckDb: () => openTestDuckDb(scratch.path, 1),
    train: (changes: Partial<TrainModelOptions> = {}) =>
      trainModel({
        partitions: world.partitions,
        schema: testSchema,
        openDuckDb: world.openDuckDb,
        modelsDir: world.modelsDir,
        eventLog: world.eventLog,
        asOf: '2024-06-30',
        createdAt: midnightOf('2024-06-30'),
        codeVersion: 'code of the tests',
        seed: 42,
        ...changes,
      }),
    /**
     * Leaves the registry as a first `train()` does, for tests of what comes after it: with a copy of
     * one that was trained once.
     */
    startTrained: async () => {
      const first = await (trained ??= world.train({
        modelsDir: trainedDir,
        eventLog: trainedEvents,
      }));
      cpSync(trainedDir, world.modelsDir, { recursive: true });
      world.eventLog = new MemoryEventLog(trainedEvents);
      return first;
    },
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
