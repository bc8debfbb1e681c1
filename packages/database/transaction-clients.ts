import type { TransactionSql } from 'postgres';
import type { TransactionClient } from './transaction-client';

export type TransactionWork = (tx: TransactionSql) => Promise<unknown>;

export interface TransactionClientsOptions {
  /** Makes one more; it connects when it is used. */
  readonly open: () => TransactionClient;
  /** How many transactions run at a time; others wait for one of them to end. */
  readonly max: number;
  /** How long a client that nobody needs is kept for the next transaction; default: 30,000. */
  readonly idleMillis?: number;
}

export interface TransactionClients {
  /** @throws an error with the code CONNECTION_ENDED after `close`, also for who waits by then. */
  readonly run: (mode: string, work: TransactionWork) => Promise<unknown>;
  /** Gives transactions under way so long. */
  readonly close: (timeoutSeconds: number) => Promise<void>;
}

/** As postgres.js says of a query after the end. */
const ENDED = 'CONNECTION_ENDED';
const IDLE_MILLIS = 30_000;

/**
 * Clients for transactions, each kept for the next one as long as it is good. One that is idle for long
 * is taken away before it is closed, so that no transaction begins on a connection that is about to end.
 */
export function openTransactionClients(options: TransactionClientsOptions): TransactionClients {
  const { open, max, idleMillis = IDLE_MILLIS } = options;
  const all = new Set<TransactionClient>();
  const waiting: (() => void)[] = [];
  let room = max;
  let isClosed = false;

  const end = async (client: TransactionClient) => {
    all.delete(client);
    await client.close(0);
  };
  const idle = keepIdleClients(idleMillis, (client) => void end(client).catch(() => {}));
  const requireOpen = () => {
    if (isClosed) throw Object.assign(new Error('The client is closed.'), { code: ENDED });
  };
  const runNow = async (mode: string, work: TransactionWork) => {
    let client = idle.take();
    for (; client?.isLost(); client = idle.take()) all.delete(client);
    client ??= open();
    all.add(client);
    try {
      return await client.run(mode, work);
    } finally {
      if (client.isLost() || isClosed) await end(client);
      else idle.keep(client);
    }
  };
  return {
    async run(mode, work) {
      requireOpen();
      if (room === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      else room -= 1;
      try {
        requireOpen();
        return await runNow(mode, work);
      } finally {
        const next = waiting.shift();
        if (next) next();
        else room += 1;
      }
    },
    close: async (timeoutSeconds) => {
      isClosed = true;
      idle.forget();
      await Promise.all([...all].map((client) => client.close(timeoutSeconds)));
    },
  };
}

interface IdleClient {
  readonly client: TransactionClient;
  readonly timer: NodeJS.Timeout;
}

/** The last one kept is the first taken, so that those which are not needed get old. */
function keepIdleClients(idleMillis: number, onOld: (client: TransactionClient) => void) {
  let idle: readonly IdleClient[] = [];
  return {
    take: (): TransactionClient | undefined => {
      const last = idle.at(-1);
      idle = idle.slice(0, -1);
      clearTimeout(last?.timer);
      return last?.client;
    },
    keep: (client: TransactionClient) => {
      const timer = setTimeout(() => {
        idle = idle.filter((kept) => kept.client !== client);
        onOld(client);
      }, idleMillis).unref();
      idle = [...idle, { client, timer }];
    },
    forget: () => {
      for (const { timer } of idle) clearTimeout(timer);
      idle = [];
    },
  };
}
