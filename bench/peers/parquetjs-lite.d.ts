/** The part that bench/measurements/encode.ts uses; the package has no types of its own. */
declare module 'parquetjs-lite' {
  interface Column {
    readonly type: string;
    readonly compression?: 'UNCOMPRESSED' | 'GZIP' | 'SNAPPY';
    readonly optional?: boolean;
  }

  /** Only handed from the one to the other. */
  type Schema = object;

  interface Writer {
    setRowGroupSize(rows: number): void;
    appendRow(row: Readonly<Record<string, unknown>>): Promise<void>;
    close(): Promise<void>;
  }

  const parquet: {
    readonly ParquetSchema: new (columns: Readonly<Record<string, Column>>) => Schema;
    readonly ParquetWriter: { openFile(schema: Schema, file: string): Promise<Writer> };
  };
  export = parquet;
}
