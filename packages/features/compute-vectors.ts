import type { DuckDb } from '../duckdb';
import { compileVectors, vectorTable, type SegmentFiles } from './compile-vectors';
import type { FeatureSet } from './feature-set';
import type { Grid } from './grid';

export interface ComputedVectors {
  /** The temporary table `vectors(i, <partition columns>)`, ordered by (i, user_id). */
  readonly table: string;
  /** How often each raw table was scanned. */
  readonly scans: Readonly<Record<string, number>>;
}

/**
 * Computes the vectors of a grid inside a DuckDB, which must be allowed to read the raw log.
 * The same rows come out whatever the grid is part of: chunks are independent.
 */
export async function computeVectors(
  duckDb: DuckDb,
  options: {
    featureSet: FeatureSet;
    grid: Grid;
    segments: SegmentFiles;
    userId?: string;
    signal?: AbortSignal;
  },
): Promise<ComputedVectors> {
  const scans: Record<string, number> = {};
  for (const { sql, scans: table } of compileVectors(options.featureSet, options)) {
    await duckDb.run(sql, options.signal);
    if (table) scans[table] = (scans[table] ?? 0) + 1;
  }
  return { table: vectorTable, scans };
}
