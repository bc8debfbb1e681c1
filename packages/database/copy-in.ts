import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { TransactionSql } from 'postgres';

/**
 * Feeds a file to a `COPY … FROM STDIN` statement.
 *
 * @param onBytes  Is told how many bytes of it have been sent.
 * @throws What the server says against it, constraints included.
 */
export async function copyIn(
  tx: TransactionSql,
  statement: string,
  file: string,
  onBytes?: (bytes: number) => void,
): Promise<void> {
  const query = tx.unsafe(statement);
  const copy = await query.writable();
  // postgres.js 3.4.9 answers the end of the stream only when COPY succeeds: without this, a broken
  // constraint or a lost connection would leave us waiting for ever, and the transaction with its
  // locks open (https://github.com/porsager/postgres/issues/1173).
  const failure = new Promise<never>((_, reject) => void Object.assign(query, { reject }));
  const source = createReadStream(file, { highWaterMark: 1 << 18 });
  if (onBytes) source.on('data', () => onBytes(source.bytesRead));
  await Promise.race([pipeline(source, copy), failure]);
}

/** Writes what a `COPY … TO STDOUT` statement gives to a file. */
export async function copyOut(tx: TransactionSql, statement: string, file: string): Promise<void> {
  await pipeline(await tx.unsafe(statement).readable(), createWriteStream(file));
}
