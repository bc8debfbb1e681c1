import type { Sql, TransactionSql } from 'postgres';

/**
 * Runs work in a transaction. An abort ends the session, whatever the query that it is in waits for or
 * does: the transaction is rolled back, and its locks are free.
 *
 * @throws the reason of the signal when it was aborted before the work had ended
 */
export async function beginUntilAborted<T>(
  sql: Sql,
  { mode, signal }: { mode: string; signal: AbortSignal | undefined },
  work: (tx: TransactionSql) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  try {
    const result = await sql.begin(mode, (tx) =>
      signal ? endedByAbort(sql, { tx, signal }, work) : work(tx),
    );
    return result as T;
  } catch (error) {
    // In the words of the abort, not in those of a connection that was ended for it.
    signal?.throwIfAborted();
    throw error;
  }
}

async function endedByAbort<T>(
  sql: Sql,
  { tx, signal }: { tx: TransactionSql; signal: AbortSignal },
  work: (tx: TransactionSql) => Promise<T>,
): Promise<T> {
  const [session] = await tx<{ pid: number; start: string }[]>`
    SELECT pid, backend_start::text AS start FROM pg_stat_activity WHERE pid = pg_backend_pid()`;
  const { pid, start } = session!;
  let ending: Promise<unknown> | undefined;
  const end = () => {
    // A failure is one of the connection, and this transaction's queries fail as well.
    ending = sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE pid = ${pid} AND backend_start = ${start}::text::timestamptz`.catch(() => {});
  };
  signal.addEventListener('abort', end, { once: true });
  try {
    if (signal.aborted) end();
    const result = await work(tx);
    signal.throwIfAborted();
    return result;
  } finally {
    signal.removeEventListener('abort', end);
    // Before it is over, while the session still is the one of this transaction.
    await ending;
  }
}
