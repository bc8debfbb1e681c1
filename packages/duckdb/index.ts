/**
 * DuckDB, confined to the folders that it is given: queries, Parquet, columns in and out, its
 * errors.
 */
export { registerColumnFunction } from './column-function';
export {
  allocateColumn,
  readColumns,
  registerColumnSource,
  type ColumnArray,
  type ColumnType,
} from './column-transfer';
export { interruptOnAbort } from './interrupt-on-abort';
export { copyToParquet, openDuckDb, readParquet, withDuckDbs, type DuckDb } from './open-duckdb';
export { saidByDuckDb } from './duckdb-errors';
export { parquetRowCounts } from './parquet-metadata';
export { readLists } from './read-lists';
export { quoteFile, quoteFiles, quoteIdentifier, quoteList, quoteLiteral } from './quote-sql';
