import postgres, { type Options, type PostgresType, type TransactionSql } from 'postgres';

/** One connection for one transaction at a time. Once it is lost, it is lost for good. */
export interface TransactionClient {
  /** Whether the connection has ended. */
  readonly isLost: () => boolean;
  /**
   * Runs work in a transaction. If the connection is lost, every query of it fails, those under way
   * and those that follow, and the transaction has been rolled back; or, where it was lost in the
   * commit, it may have been committed. Returns or throws only once the work has ended.
   */
  run(mode: string, work: (tx: TransactionSql) => Promise<unknown>): Promise<unknown>;
  close(timeoutSeconds: number): Promise<void>;
}

/**
 * Postgres ends a transaction that does nothing for so long: that of a process that was stopped must not
 * hold its rows and locks for ever. `withLeasedLock` is for work that is rightly idle for longer.
 */
const IDLE_LIMIT = '60s';

export function openTransactionClient(
  url: string,
  options: Options<Record<string, PostgresType>>,
): TransactionClient {
  const connection = watchConnection();
  const sql = postgres(url, {
    ...options,
    max: 1,
    max_lifetime: null,
    // Whoever has the client ends it, when nobody is about to use it.
    idle_timeout: 0,
    onclose: connection.lose,
  });
  let limited: Promise<unknown> | undefined;
  const limitIdleTime = () =>
    (limited ??= sql`SELECT set_config('idle_in_transaction_session_timeout', ${IDLE_LIMIT}, false)`);
  return {
    isLost: connection.isLost,
    async run(mode, work) {
      await limitIdleTime();
      let ended: Promise<unknown> = Promise.resolve();
      const scope = async (tx: TransactionSql) => {
        const result = work(guard(tx, connection));
        ended = result.catch(() => {});
        await ended;
        // postgres.js goes on with COMMIT or ROLLBACK, on a connection that is no more.
        return connection.isLost() ? new Promise<never>(() => {}) : result;
      };
      try {
        return await Promise.race([connection.whenLost(), sql.begin(mode, scope)]);
      } finally {
        await ended;
      }
    },
    close: (timeout) => sql.end({ timeout }),
  };
}

interface WatchedConnection {
  readonly isLost: () => boolean;
  /** Rejects when the connection is lost; one transaction at a time asks. */
  readonly whenLost: () => Promise<never>;
  readonly lose: () => void;
  /** Has a query fail when the connection is lost, if it has no answer by then. */
  readonly follow: (query: ExecutedQuery) => void;
}

function watchConnection(): WatchedConnection {
  const queries = new Set<ExecutedQuery>();
  let isLost = false;
  let onLost = () => {};
  return {
    isLost: () => isLost,
    whenLost: () => new Promise((_, reject) => (onLost = () => reject(connectionLost()))),
    lose: () => {
      isLost = true;
      for (const query of queries) query.reject(connectionLost());
      onLost();
    },
    follow: (query) => {
      queries.add(query);
      const forget = () => void queries.delete(query);
      query.then(forget, forget);
    },
  };
}

/** With a code of postgres.js, which `asDatabaseError` knows. */
function connectionLost(): Error {
  const message = 'The connection to Postgres was lost in a transaction.';
  return Object.assign(new Error(message), { code: 'CONNECTION_CLOSED' });
}

/** What postgres.js makes of a query: a promise that runs it when it is first waited for. */
interface ExecutedQuery extends Promise<unknown> {
  handler: (query: ExecutedQuery) => unknown;
  readonly reject: (error: unknown) => void;
}

/** The transaction, but queries that are run after the connection is lost fail, instead of being sent. */
function guard(tx: TransactionSql, connection: WatchedConnection): TransactionSql {
  const guarded = (made: unknown): unknown => {
    if (!isQuery(made)) return made;
    const { handler } = made;
    made.handler = (query) => {
      if (connection.isLost()) return query.reject(connectionLost());
      connection.follow(query);
      return handler(query);
    };
    return made;
  };
  return new Proxy(tx, {
    apply: (target, self, args) => guarded(Reflect.apply(target, self, args)),
    get: (target, property) => {
      if (property !== 'unsafe') return Reflect.get(target, property) as unknown;
      return (...args: Parameters<TransactionSql['unsafe']>) => guarded(target.unsafe(...args));
    },
  });
}

function isQuery(made: unknown): made is ExecutedQuery {
  return typeof made === 'object' && made !== null && 'handler' in made && 'reject' in made;
}
