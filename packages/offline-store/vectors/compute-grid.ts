import type { GridContext } from '../partition-request';
import { withDuckDbs, type DuckDb } from '../../duckdb';
import { computeVectors, type ComputedVectors } from '../../features';
import type { PartitionRequest } from '../partition-request';
import { gridOf } from './group-into-grids';
import { createVectorWriter, type FileColumns } from './vector-writer';
import { WriterPool } from './writer-pool';

export interface ComputedGrid {
  readonly duckDb: DuckDb;
  readonly vectors: ComputedVectors;
}

interface GridOptions {
  readonly group: readonly PartitionRequest[];
  readonly signal?: AbortSignal;
  /** Awaited before each piece of the raw rows is read. */
  readonly giveWay?: () => Promise<void>;
}

/** Computes the vectors of a group of requests that fit one grid, and hands them to `use`. */
export async function withGrid<T>(
  context: GridContext,
  { group, signal, giveWay }: GridOptions,
  use: (grid: ComputedGrid) => Promise<T>,
): Promise<T> {
  const { featureSet, segments } = context;
  const duckDb = await context.openDuckDb();
  try {
    const grid = gridOf(group);
    return await use({
      duckDb,
      vectors: await computeVectors(duckDb, { featureSet, grid, segments, signal, giveWay }),
    });
  } finally {
    duckDb.close();
  }
}

/** Encoding a file keeps one core busy; the computing thread and the disk fill the rest. */
const WRITERS_MAX = 2;
const TASKS_MAX = 6;

/**
 * As `withGrid`, with writers for its vectors, which are closed in the end.
 *
 * @param options.columns  Of the files; absent: all that the feature set has.
 */
export function withWriters<T>(
  context: GridContext,
  options: GridOptions & { columns?: FileColumns },
  use: (grid: ComputedGrid & { readonly pool: WriterPool }) => Promise<T>,
): Promise<T> {
  return withGrid(context, options, async (grid) => {
    const { columns = context.featureSet } = options;
    const { users } = grid.vectors;
    const writers = Math.min(WRITERS_MAX, options.group.length);
    const openings = Array.from({ length: writers }, () => grid.duckDb.openSingleThreaded());
    return withDuckDbs(openings, async (duckDbs) => {
      const created = duckDbs.map((duckDb) => createVectorWriter(duckDb, { columns, users }));
      const pool = new WriterPool(await Promise.all(created), TASKS_MAX);
      try {
        return await use({ ...grid, pool });
      } finally {
        await pool.settle();
      }
    });
  });
}
