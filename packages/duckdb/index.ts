export { registerColumnFunction } from './column-function';
export {
  allocateColumn,
  readColumns,
  registerColumnSource,
  type ColumnArray,
  type ColumnSource,
  type ColumnType,
} from './column-transfer';
export {
  copyToParquet,
  openDuckDb,
  readParquet,
  withDuckDbs,
  type DuckDb,
  type DuckDbOptions,
  type DuckDbRow,
} from './open-duckdb';
export { saidByDuckDb } from './duckdb-errors';
export { countParquetRows, parquetRowCounts } from './parquet-metadata';
export { readLists } from './read-lists';
export { quoteFile, quoteFiles, quoteIdentifier, quoteList, quoteLiteral } from './quote-sql';
