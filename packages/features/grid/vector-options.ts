import type { FeatureSet } from '../feature-set';
import type { Grid } from './grid';
import type { Segments } from '../segments';

/** Which vectors are computed, from what, and in which portions. */
export interface VectorOptions {
  readonly featureSet: FeatureSet;
  readonly grid: Grid;
  readonly segments: Segments;
  /** How many raw rows are collected at a time: bounds the memory for it, never changes a value. */
  readonly rowsPerShard?: number;
  /** How many of them one query reads: likewise. */
  readonly rowsPerPiece?: number;
  readonly signal?: AbortSignal;
  /** Awaited before each query: may take a while, so that urgent work goes first. */
  readonly giveWay?: () => Promise<void>;
}
