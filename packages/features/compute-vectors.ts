import { parquetRowCounts, readColumns, type DuckDb } from '../duckdb';
import { planSweep, type SourcePlan, type SweepPlan } from './channels';
import {
  compileUsers,
  selectFactRows,
  throughBatch,
  type SegmentFiles,
  type UserRange,
} from './compile-facts';
import { groupByDay, type FactBlock } from './fact-block';
import { FactCollector, type CollectedFacts, type FactRows } from './fact-collector';
import type { FeatureSet } from './feature-set';
import { validateGrid, type Grid } from './grid';
import { cutIntoPieces, type Segment, type SegmentPiece } from './segment-pieces';
import { correctOverlaps } from './session-overlaps';
import { Sweep, type Correction, type GridUsers, type MomentVectors } from './sweep';
import { distinctUserHash, userNumbers } from './user-hash';

export interface ComputedVectors {
  /** Every user visible at some moment, in the order of their ids; rows name them by number. */
  readonly users: Pick<GridUsers, 'ids' | 'since'>;
  /** How often each raw table was read: once, or once for each shard of users. */
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
  /** How many of them one query reads: likewise. */
  readonly rowsPerPiece?: number;
  readonly signal?: AbortSignal;
}

const ROWS_PER_SHARD = 25_000_000;

/** Eight row groups: enough that a query's fixed cost is lost in it. */
const ROWS_PER_PIECE = 8 * 122_880;

/**
 * Computes the vectors of a grid. DuckDB, which must be allowed to read the raw log, places the raw
 * rows in time with one scan of each table, piece by piece and by shards of users; they are collected
 * to facts, which the sweep adds up. Leaves the table `user_rows(u, user_id, …)` in the DuckDB. The same rows come
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
  const scans: Record<string, number> = { users: 1 };
  const { blocks, corrections } = await withReaders(duckDb, async (readers) => {
    const reader = new FactReader(readers, { ...options, grid, plan, users, userHash, userOf });
    for (const source of users.ids.length > 0 ? plan.sources : []) {
      scans[source.source] = await reader.read(source);
    }
    return reader;
  });
  const sweep = new Sweep({ featureSet, plan, grid, users, blocks, corrections });
  return { users, scans, vectorsAt: (index) => sweep.vectorsAt(index) };
}

/** Lends DuckDBs of one thread, one for each thread that there is. */
async function withReaders<T>(
  duckDb: DuckDb,
  use: (readers: readonly DuckDb[]) => Promise<T>,
): Promise<T> {
  if (duckDb.threads === 1) return use([duckDb]);
  const opened = Array.from({ length: duckDb.threads }, () => duckDb.openSingleThreaded());
  const readers = await Promise.all(opened);
  try {
    return await use(readers);
  } finally {
    for (const reader of readers) reader.close();
  }
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
    private readonly readers: readonly DuckDb[],
    private readonly options: ReaderOptions,
  ) {
    this.firstSignup = options.users.signup.reduce((first, at) => Math.min(first, at), Infinity);
  }

  /** @returns How often it read the source: once for each shard. */
  async read(plan: SourcePlan): Promise<number> {
    const { grid } = this.options;
    const segments = await this.segmentsOf(plan);
    const shards = this.shards(segments);
    const pieces = this.pieces(plan, segments);
    for (const shard of shards) {
      const facts = await this.collect(plan, { shard, pieces });
      this.blocks.push(groupByDay(plan, facts, grid.count));
      if (plan.bySession) this.noteOverlaps(plan, facts);
    }
    return shards.length;
  }

  private async segmentsOf({ source }: SourcePlan): Promise<Segment[]> {
    const { segments, grid } = this.options;
    const files = segments(source, throughBatch(grid));
    const counts = await parquetRowCounts(this.readers[0]!, files);
    return files.map((file, index) => ({ file, rows: counts[index]! }));
  }

  /** Ranges of users that have about as many raw rows each. Segments are sorted by user. */
  private shards(segments: readonly Segment[]): Shard[] {
    const { users, rowsPerShard = ROWS_PER_SHARD } = this.options;
    const rows = segments.reduce((total, segment) => total + segment.rows, 0);
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

  /** A user's plan changes are ranked among each other, so those are read in one piece. */
  private pieces({ source }: SourcePlan, segments: readonly Segment[]): SegmentPiece[] {
    const { rowsPerPiece = ROWS_PER_PIECE } = this.options;
    return cutIntoPieces(segments, source === 'plan_changes' ? Infinity : rowsPerPiece);
  }

  /** Each reader places one piece in time after the other, while this thread adds them up. */
  private async collect(
    plan: SourcePlan,
    { shard, pieces }: { shard: Shard; pieces: readonly SegmentPiece[] },
  ): Promise<CollectedFacts> {
    const { userOf, grid } = this.options;
    const collector = new FactCollector(plan, grid, userOf, shard);
    const waiting = [...pieces];
    const readOn = async (reader: DuckDb) => {
      for (let piece = waiting.shift(); piece; piece = waiting.shift()) {
        collector.add(await this.query(reader, { plan, piece, range: shard.range }));
      }
    };
    // All end before the first failure is thrown: nobody closes a DuckDB under a query.
    const lanes = await Promise.allSettled(
      this.readers.map((reader) => readOn(reader).finally(() => waiting.splice(0))),
    );
    for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
    return collector.collected();
  }

  private async query(
    { connection }: DuckDb,
    which: { plan: SourcePlan; piece: SegmentPiece; range: UserRange },
  ): Promise<FactRows> {
    const { options, firstSignup } = this;
    const { signal } = options;
    const { rowsOf, ...query } = selectFactRows({ ...options, firstSignup, ...which });
    return rowsOf(await readColumns(connection, { ...query, signal }));
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
