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
  countParquetRows,
  openDuckDb,
  parquetRowCounts,
  readParquet,
  withDuckDbs,
  type DuckDb,
  type DuckDbOptions,
  type DuckDbRow,
} from './open-duckdb';
export { quoteIdentifier, quoteList, quoteLiteral } from './quote-sql';
