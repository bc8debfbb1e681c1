export { registerColumnFunction } from './column-function';
export {
  allocateColumn,
  readAllColumns,
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
  readParquet,
  type DuckDb,
  type DuckDbOptions,
  type DuckDbRow,
} from './open-duckdb';
export { quoteIdentifier, quoteList, quoteLiteral } from './quote-sql';
