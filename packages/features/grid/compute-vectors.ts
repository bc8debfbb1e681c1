import type { DuckDb } from '../../duckdb';
import { planAccumulators } from './accumulators';
import { compileUsers, throughBatch } from './compile-tiles';
import { readTiles } from './tile-reader';
import { validateGrid } from './grid';
import { SlidingWindowAggregator, type GridUsers, type MomentVectors } from './sliding-windows';
import { distinctUserHash, userNumbers } from './user-hash';
import type { VectorOptions } from './vector-options';

export interface ComputedVectors {
  /** Every user visible at some moment, in the order of their ids; rows name them by number. */
  readonly users: Pick<GridUsers, 'ids' | 'since'>;
  /** How often each raw table was read: once, or once for each shard of users. */
  readonly scans: Readonly<Record<string, number>>;
  /** The vectors of a moment; moments can only be asked for in rising order. */
  vectorsAt(index: number): MomentVectors;
}

/**
 * Computes the vectors of a grid. DuckDB, which must be allowed to read the raw log, places the raw
 * rows in time with one scan of each table, piece by piece and by shards of users; they are collected
 * to tiles, which the sliding-window aggregator adds up. Leaves the table `user_rows(u, user_id, …)` in the DuckDB. The
 * same rows come out whatever the grid is part of, and however the users are sharded.
 */
export async function computeVectors(
  duckDb: DuckDb,
  options: VectorOptions,
): Promise<ComputedVectors> {
  const { featureSet, segments, signal } = options;
  const grid = validateGrid(options.grid);
  const plan = planAccumulators(featureSet);
  await duckDb.run(compileUsers(grid, segments), signal);
  const users = await readUsers(duckDb);
  const userHash = await distinctUserHash(duckDb, segments('users', throughBatch(grid)));
  const userOf = await userNumbers(duckDb, userHash, users.ids.length);
  const tiles = await readTiles(duckDb, { ...options, grid, plan, users, userHash, userOf });
  const { blocks, corrections } = tiles;
  const aggregator = new SlidingWindowAggregator({
    featureSet,
    plan,
    grid,
    users,
    blocks,
    corrections,
  });
  const scans = { users: 1, ...tiles.scans };
  return { users, scans, vectorsAt: (index) => aggregator.vectorsAt(index) };
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
