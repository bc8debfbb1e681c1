import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { quoteFile, type DuckDb } from '../../duckdb';

/** To be raised when files are rewritten in another way before DuckDB reads them. */
const REWRITING_VERSION = 1;
const CHUNK_BYTES = 1 << 20;

/** A file as it lies in the import folder, at one moment. */
export interface FileState {
  readonly bytes: number;
  readonly modified: number;
}

export async function stateOf(file: string): Promise<FileState> {
  const { size, mtimeMs } = await stat(file);
  return { bytes: size, modified: mtimeMs };
}

/**
 * What decides what a file becomes when it is cleaned, as SHA-256 in hex: its bytes, DuckDB's version
 * and the SQL, which holds every rule, so that another release with another rule has another key. Where
 * the file lies is no part of it.
 *
 * @param cleaning.sql  Without anything of the moment.
 * @param cleaning.readsFrom  The file that the SQL reads: the source itself, or what it was rewritten to.
 * @param onRead  Is told how many bytes have been read.
 */
export async function cleaningKey(
  duckDb: DuckDb,
  cleaning: { source: string; sql: string; readsFrom: string },
  onRead: (bytes: number) => void = () => {},
): Promise<string> {
  const content = createHash('sha256');
  let bytes = 0;
  const chunks: AsyncIterable<Buffer> = createReadStream(cleaning.source, {
    highWaterMark: CHUNK_BYTES,
  });
  for await (const chunk of chunks) {
    content.update(chunk);
    bytes += chunk.length;
    onRead(bytes);
  }
  const [engine] = await duckDb.rows<{ version: string }>('SELECT version() AS version');
  const sql = cleaning.sql.replaceAll(quoteFile(cleaning.readsFrom), 'SOURCE');
  const parts = [REWRITING_VERSION, engine!.version, content.digest('hex'), sql];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
