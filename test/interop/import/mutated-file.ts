import type { RawTable } from '../../../packages/raw-data/raw-tables';
import type { ReadFile, ReadRow } from './read-as-product';

/** An import folder of `make_fuzz.py`, and what the independent reader finds in it. */
export interface MutatedFile {
  readonly folder: string;
  /** Of the mutated file. */
  readonly table: RawTable;
  /**
   * Where bytes of a Parquet file were changed and not only values: what was in it before. A reader
   * may refuse such a file for what another does not look at.
   */
  readonly undamaged: ReadFile | null;
  readonly found: ReadFile;
  /** Rows of users.csv, where it is not the mutated file. */
  readonly users?: readonly ReadRow[];
}
