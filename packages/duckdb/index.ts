export { registerColumnFunction } from './column-function';
export {
  allocateColumn,
  readColumns,
  readColumnsOfAll,
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
export { countParquetRows, parquetLatestTimes, parquetRowCounts } from './parquet-metadata';
export { quoteIdentifier, quoteList, quoteLiteral } from './quote-sql';
