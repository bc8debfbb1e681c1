/** A column of lists of doubles: that of row r lies at offsets[r] ≤ i < offsets[r + 1]. */
export interface ListColumn {
  /** One more than there are rows; the first is 0. */
  readonly offsets: Int32Array;
  readonly values: Float64Array;
}

/** Rows that follow each other, by columns. */
export interface ListRows {
  readonly rows: number;
  readonly lists: readonly ListColumn[];
}
