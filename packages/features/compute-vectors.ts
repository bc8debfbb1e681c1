import { countParquetRows, readColumns, type DuckDb } from '../duckdb';
import { planSweep, type SourcePlan, type SweepPlan } from './channels';
import {
  compileUsers,
  selectFactRows,
  throughBatch,
  type SegmentFiles,
  type UserRange,
} from './compile-facts';
import { groupByDay, type FactBlock } from './fact-block';
import { FactCollector, type CollectedFacts } from './fact-collector';
import type { FeatureSet } from './feature-set';
import { validateGrid, type Grid } from './grid';
import { correctOverlaps } from './session-overlaps';
import { Sweep, type Correction, type GridUsers, type MomentVectors } from './sweep';
import { distinctUserHash, userNumbers } from './user-hash';

export interface ComputedVectors {
  /** Every user visible at some moment, in the order of their ids; rows name them by number. */
  readonly users: Pick<GridUsers, 'ids' | 'since'>;
  /** How many queries read each raw table: one, or one for each shard of users. */
  readonly scans: Readonly<Record<string, number>>;
  /** The vectors of a moment; moments can only be asked for in rising order. */
  vectorsAt(index: number): MomentVectors;
}

export interface VectorOptions {
  readonly featureSet: FeatureSet;
  readonly grid: Grid;
  readonly segments: SegmentFiles;
  /** How many raw rows are collected at a time: bounds the memory for it, never changes a value. */
  readonly rowsPerShard?: number;
  readonly signal?: AbortSignal;
}

const ROWS_PER_SHARD = 25_000_000;

/**
 * Computes the vectors of a grid. DuckDB, which must be allowed to read the raw log, places the raw
 * rows in time with one scan of each table, by shards of users; they are collected to facts, which
 * the sweep adds up. Leaves the table `user_rows(u, user_id, …)` in the DuckDB. The same rows come
 * out whatever the grid is part of, and however the users are sharded.
 */
export async function computeVectors(
  duckDb: DuckDb,
  options: VectorOptions,
): Promise<ComputedVectors> {
  const { featureSet, segments, signal } = options;
  const grid = validateGrid(options.grid);
  const plan = planSweep(featureSet);
  await duckDb.run(compileUsers(grid, segments), signal);
  const users = await readUsers(duckDb);
  const userHash = await distinctUserHash(duckDb, segments('users', throughBatch(grid)));
  const userOf = await userNumbers(duckDb, userHash, users.ids.length);
  const reader = new FactReader(duckDb, { ...options, grid, plan, users, userHash, userOf });
  const scans: Record<string, number> = { users: 1 };
  for (const source of users.ids.length > 0 ? plan.sources : []) {
    scans[source.source] = await reader.read(source);
  }
  const { blocks, corrections } = reader;
  const sweep = new Sweep({ featureSet, plan, grid, users, blocks, corrections });
  return { users, scans, vectorsAt: (index) => sweep.vectorsAt(index) };
}

async function readUsers(duckDb: DuckDb): Promise<GridUsers> {
  const reader = await duckDb.connection.runAndReadAll(
    'SELECT user_id, plan, signup, since FROM user_rows ORDER BY u',
  );
  const [ids, plan, signup, since] = reader.getColumns() as [
    string[],
    string[],
    number[],
    number[],
  ];
  return {
    ids: ids ?? [],
    plan: plan ?? [],
    signup: Float64Array.from(signup ?? []),
    since: Int32Array.from(since ?? []),
  };
}

interface ReaderOptions extends VectorOptions {
  readonly plan: SweepPlan;
  readonly users: GridUsers;
  readonly userHash: string;
  readonly userOf: (low: number, high: number) => number;
}

interface Shard {
  readonly range: UserRange;
  /** How many users that are, and about how many rows. */
  readonly users: number;
  readonly rows: number;
}

/** Brings the facts of each source, shard by shard of users, from DuckDB into blocks. */
class FactReader {
  readonly blocks: FactBlock[] = [];
  readonly corrections = new Map<number, Correction[]>();
  private readonly firstSignup: number;

  constructor(
    private readonly duckDb: DuckDb,
    private readonly options: ReaderOptions,
  ) {
    this.firstSignup = options.users.signup.reduce((first, at) => Math.min(first, at), Infinity);
  }

  /** @returns How many queries that took: one for each shard. */
  async read(plan: SourcePlan): Promise<number> {
    const { grid } = this.options;
    const shards = await this.shards(plan);
    for (const shard of shards) {
      const facts = await this.collect(plan, shard);
      this.blocks.push(groupByDay(plan, facts, grid.count));
      if (plan.bySession) this.noteOverlaps(plan, facts);
    }
    return shards.length;
  }

  /** Ranges of users that have about as many raw rows each. Segments are sorted by user. */
  private async shards({ source }: SourcePlan): Promise<Shard[]> {
    const { users, segments, grid, rowsPerShard = ROWS_PER_SHARD } = this.options;
    const files = segments(source, throughBatch(grid));
    const rows = await countParquetRows(this.duckDb, files);
    const count = Math.min(Math.ceil(rows / rowsPerShard), users.ids.length) || 1;
    const bounds = Array.from(
      { length: count - 1 },
      (_, index) => users.ids[Math.floor(((index + 1) * users.ids.length) / count)]!,
    );
    return Array.from({ length: count }, (_, index) => ({
      range: { from: bounds[index - 1], until: bounds[index] },
      users: Math.ceil(users.ids.length / count),
      rows: Math.ceil(rows / count),
    }));
  }

  private async collect(plan: SourcePlan, shard: Shard): Promise<CollectedFacts> {
    const { signal, userOf } = this.options;
    const { firstSignup } = this;
    const sql = selectFactRows({ ...this.options, plan, firstSignup, range: shard.range });
    const key = ['UBIGINT', 'INTEGER', 'INTEGER'] as const;
    const session = plan.bySession ? (['UBIGINT'] as const) : [];
    const types = [...key, ...session, ...plan.columns.map(({ type }) => type)];
    const collector = new FactCollector(plan, userOf, shard);
    await readColumns(this.duckDb.connection, { sql, types, signal }, (chunk, chunkRows) =>
      collector.add(chunk, chunkRows),
    );
    return collector.collected();
  }

  private noteOverlaps({ source }: SourcePlan, facts: CollectedFacts): void {
    const { plan, grid } = this.options;
    for (const [channel, { kind, source: own, windowDays, column }] of plan.channels.entries()) {
      if (own !== source || kind !== 'distinct' || windowDays === undefined) continue;
      const counted = column === undefined ? undefined : facts.columns[column];
      const options = { windowDays, column: counted, moments: grid.count };
      correctOverlaps(facts, options, (moment, user, value) =>
        this.correct(moment, { channel, user, value }),
      );
    }
  }

  private correct(moment: number, correction: Correction): void {
    const known = this.corrections.get(moment);
    if (known) known.push(correction);
    else this.corrections.set(moment, [correction]);
  }
}
