import { countParquetRows, readColumns, type DuckDb } from '../duckdb';
import { planSweep, type SourcePlan, type SweepPlan } from './channels';
import {
  compileFacts,
  compileSharedSessions,
  compileUsers,
  selectCorrections,
  selectFacts,
  throughBatch,
  type SegmentFiles,
  type UserRange,
} from './compile-facts';
import { FactBlockBuilder, type FactBlock } from './fact-block';
import type { FeatureSet } from './feature-set';
import { validateGrid, type Grid } from './grid';
import { Sweep, type Correction, type GridUsers, type MomentVectors } from './sweep';

export interface ComputedVectors {
  /** Every user visible at some moment, in the order of their ids; rows name them by number. */
  readonly userIds: readonly string[];
  /** How often each raw table was scanned. */
  readonly scans: Readonly<Record<string, number>>;
  /** The vectors of a moment; moments can only be asked for in rising order. */
  vectorsAt(index: number): MomentVectors;
}

export interface VectorOptions {
  readonly featureSet: FeatureSet;
  readonly grid: Grid;
  readonly segments: SegmentFiles;
  /** How many raw rows are aggregated at a time: bounds DuckDB's memory, never changes a value. */
  readonly rowsPerShard?: number;
  readonly signal?: AbortSignal;
}

const ROWS_PER_SHARD = 20_000_000;

/**
 * Computes the vectors of a grid. DuckDB, which must be allowed to read the raw log, turns the raw
 * rows into facts with one scan of each table, by shards of users; the sweep adds them up. Leaves
 * the table `user_rows(u, user_id, …)` in the DuckDB. The same rows come out whatever the grid is
 * part of, and however the users are sharded.
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
  const reader = new FactReader(duckDb, { ...options, grid, plan, users });
  const scans: Record<string, number> = { users: 1 };
  for (const source of plan.sources) {
    await reader.read(source);
    scans[source.source] = 1;
  }
  const { blocks, corrections } = reader;
  const sweep = new Sweep({ featureSet, plan, grid, users, blocks, corrections });
  return { userIds: users.ids, scans, vectorsAt: (index) => sweep.vectorsAt(index) };
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
}

/** Brings the facts of each source, shard by shard of users, from DuckDB into blocks. */
class FactReader {
  readonly blocks: FactBlock[] = [];
  readonly corrections = new Map<number, Correction[]>();

  constructor(
    private readonly duckDb: DuckDb,
    private readonly options: ReaderOptions,
  ) {}

  async read(plan: SourcePlan): Promise<void> {
    for (const users of await this.shards(plan)) {
      const { featureSet, grid, segments, signal } = this.options;
      await this.duckDb.run(compileFacts({ featureSet, plan, grid, segments, users }), signal);
      this.blocks.push(await this.readBlock(plan));
      if (plan.bySession) await this.readCorrections(plan);
    }
  }

  /** Ranges of users that have about as many raw rows each. Segments are sorted by user. */
  private async shards({ source }: SourcePlan): Promise<UserRange[]> {
    const { users, segments, grid, rowsPerShard = ROWS_PER_SHARD } = this.options;
    const files = segments(source, throughBatch(grid));
    const rows = await countParquetRows(this.duckDb, files);
    const count = Math.min(Math.ceil(rows / rowsPerShard), users.ids.length) || 1;
    const bounds = Array.from(
      { length: count - 1 },
      (_, index) => users.ids[Math.floor(((index + 1) * users.ids.length) / count)]!,
    );
    return Array.from({ length: count }, (_, index) => ({
      from: bounds[index - 1],
      until: bounds[index],
    }));
  }

  private async readBlock(plan: SourcePlan): Promise<FactBlock> {
    const { grid, featureSet, signal } = this.options;
    const first = -plan.windowDays;
    const counts = new Int32Array(plan.windowDays + grid.count + featureSet.label.horizonDays + 1);
    const { connection } = this.duckDb;
    const perDay = `SELECT d, count(*)::INTEGER AS n FROM facts GROUP BY d`;
    await readColumns(
      connection,
      { sql: perDay, types: ['INTEGER', 'INTEGER'], signal },
      (chunk) => {
        const [days, numbers] = chunk;
        for (const [row, day] of days!.entries()) counts[day - first] = numbers![row]!;
      },
    );
    const builder = new FactBlockBuilder(plan, grid.count, { first, counts });
    const types = [
      'INTEGER',
      'INTEGER',
      'INTEGER',
      ...plan.columns.map(({ type }) => type),
    ] as const;
    await readColumns(connection, { sql: selectFacts(plan, grid), types, signal }, (chunk, rows) =>
      builder.add(chunk, rows),
    );
    return builder.build();
  }

  private async readCorrections(source: SourcePlan): Promise<void> {
    const { plan, grid, signal } = this.options;
    await this.duckDb.run(compileSharedSessions(source, grid), signal);
    for (const [channel, { kind, source: own, windowDays, column }] of plan.channels.entries()) {
      if (own !== source.source || kind !== 'distinct' || windowDays === undefined) continue;
      const name = column === undefined ? undefined : source.columns[column]?.name;
      const sql = selectCorrections(grid, { windowDays, column: name });
      const types = ['INTEGER', 'INTEGER', 'INTEGER'] as const;
      await readColumns(
        this.duckDb.connection,
        { sql, types, signal },
        ([users, at, values], rows) => {
          for (let row = 0; row < rows; row += 1) {
            this.correct(at![row]!, { channel, user: users![row]!, value: values![row]! });
          }
        },
      );
    }
  }

  private correct(moment: number, correction: Correction): void {
    const known = this.corrections.get(moment);
    if (known) known.push(correction);
    else this.corrections.set(moment, [correction]);
  }
}
