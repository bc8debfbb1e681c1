import postgres, { type Options, type PostgresType, type Sql } from 'postgres';
import { postgresConnection } from '../tls';
import { arrayTypes } from './array-types';
import { openTransactionClient } from './transaction-client';
import { openTransactionClients, type TransactionWork } from './transaction-clients';

export type ClientOptions = Options<Record<string, PostgresType>> & {
  /** How many connections are for single queries, and how many transactions run at a time. */
  readonly max: number;
};

export interface PostgresClient {
  readonly sql: Sql;
  /** Gives what is under way five seconds. */
  readonly close: () => Promise<void>;
}

const CLOSE_SECONDS = 5;
/** What the queries get that run beside a connection that is lost. */
const RETIRE_SECONDS = 2;

/**
 * postgres.js without its way of handling lost connections, which ends the process, lets queries wait
 * for ever, or sends one transaction what belongs to another (docs/decisions/0040). A connection that is
 * lost is never used again here:
 *
 * - Single queries go to a pool that is replaced as soon as one of its connections is lost.
 * - Each transaction has a connection of its own; see `TransactionClient`.
 *
 * Connections are made when they are needed. A server that is down shows itself at the first query.
 *
 * @throws ChurnError INVALID_SETTING for what the URL says about TLS
 */
export function openPostgresClient(databaseUrl: string, given: ClientOptions): PostgresClient {
  const { url, ssl } = postgresConnection(databaseUrl);
  const types = { ...arrayTypes, ...given.types };
  const options = { ...given, ssl, fetch_types: false, types };
  const pool = openReplacedPool(url, options);
  const transactions = openTransactionClients({
    open: () => openTransactionClient(url, options),
    max: options.max,
  });
  const begin = (...args: [TransactionWork] | [string, TransactionWork]) => {
    const [mode, work] = args.length === 1 ? ['', args[0]] : args;
    return transactions.run(mode, work);
  };
  // What callers hold stays the same, whichever pool is behind it.
  const sql = new Proxy(pool.current(), {
    apply: (_first, self, args) => Reflect.apply(pool.current(), self, args) as unknown,
    get: (_first, property) =>
      property === 'begin' ? begin : (Reflect.get(pool.current(), property) as unknown),
  });
  return {
    sql,
    close: async () => {
      await Promise.all([pool.close(), transactions.close(CLOSE_SECONDS)]);
    },
  };
}

function openReplacedPool(url: string, options: ClientOptions) {
  const retired = new Set<Promise<void>>();
  let isClosed = false;
  const open = () => {
    const pool = postgres(url, {
      ...options,
      // A connection that ends is one that was lost, and no other.
      max_lifetime: null,
      onclose: () => {
        if (isClosed || pool !== current) return;
        current = open();
        const ended = pool.end({ timeout: RETIRE_SECONDS }).finally(() => retired.delete(ended));
        retired.add(ended);
      },
    });
    return pool;
  };
  let current = open();
  return {
    current: () => current,
    close: async () => {
      isClosed = true;
      await Promise.all([...retired, current.end({ timeout: CLOSE_SECONDS })]);
    },
  };
}
