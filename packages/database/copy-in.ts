import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { TransactionSql } from 'postgres';

/**
 * Feeds a file to a `COPY … FROM STDIN` statement.
 *
 * @throws What the server says against it, constraints included.
 */
export async function copyIn(tx: TransactionSql, statement: string, file: string): Promise<void> {
  const query = tx.unsafe(statement);
  const copy = await query.writable();
  // postgres.js 3.4.9 answers the end of the stream only when COPY succeeds: without this, a broken
  // constraint would leave us waiting for ever, and the transaction with its locks open
  // (https://github.com/porsager/postgres/issues/1173). A lost connection is left to the
  // transaction, which notices by itself: it would crash over our rolling back without a socket.
  const failure = new Promise<never>((_, reject) => {
    const rejectFailure = (error: Error) => {
      if (error.name === 'PostgresError') reject(error);
    };
    void Object.assign(query, { reject: rejectFailure });
  });
  await Promise.race([pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), copy), failure]);
}
