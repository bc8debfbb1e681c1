import type { RawTable } from '../../../packages/raw-data/raw-tables';
import type { ReadFile, ReadRow } from './read-as-product';

/** An import folder of `make_fuzz.py`, and what the independent reader finds in it. */
export interface MutatedFile {
  readonly folder: string;
  /** Of the mutated file. */
  readonly table: RawTable;
  /** Whether bytes of a Parquet file were changed, and not only values. */
  readonly damaged: boolean;
  readonly found: ReadFile;
  /** Rows of users.csv, where it is not the mutated file. */
  readonly users?: readonly ReadRow[];
}
