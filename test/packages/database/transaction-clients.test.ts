import type { TransactionSql } from 'postgres';
import type { TransactionClient } from '../../../packages/database/transaction-client';
import { openTransactionClients } from '../../../packages/database/transaction-clients';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Clients without a server; one that was told to close has no more transactions. */
function createClients(max: number) {
  const log: string[] = [];
  let made = 0;
  const open = (): TransactionClient => {
    const name = `client ${(made += 1)}`;
    let isClosed = false;
    return {
      // As of a real one: not before its socket has ended.
      isLost: () => false,
      run: async (_mode, work) => {
        if (isClosed) throw new Error(`${name} begins after its end`);
        log.push(`${name} runs`);
        return work({} as TransactionSql);
      },
      close: async () => {
        isClosed = true;
        log.push(`${name} ends`);
      },
    };
  };
  return { log, clients: openTransactionClients({ open, max, idleMillis: 1_000 }) };
}

const nothing = async () => {};

/** Work that ends when the test says so. */
function heldWork() {
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { work: () => ended, end };
}

describe('the clients for transactions', () => {
  it('are kept for the next transaction, and ended when nobody needs them for long', async () => {
    const { log, clients } = createClients(2);
    await clients.run('', nothing);
    jest.advanceTimersByTime(999);
    await clients.run('', nothing);
    jest.advanceTimersByTime(999);
    expect(log).toEqual(['client 1 runs', 'client 1 runs']);
    jest.advanceTimersByTime(1);
    await clients.run('', nothing);
    expect(log.slice(2)).toEqual(['client 1 ends', 'client 2 runs']);
  });

  it('are not ended while they are in use, however long that takes', async () => {
    const { log, clients } = createClients(1);
    await clients.run('', nothing);
    const { work, end } = heldWork();
    const long = clients.run('', work);
    jest.advanceTimersByTime(10_000);
    expect(log).toEqual(['client 1 runs', 'client 1 runs']);
    end();
    await long;
  });

  it('run one more transaction when another has ended or failed', async () => {
    const { log, clients } = createClients(1);
    const { work, end } = heldWork();
    const first = clients.run('', async () => {
      await work();
      throw new Error('of the work');
    });
    const second = clients.run('', nothing);
    end();
    await expect(first).rejects.toThrow('of the work');
    await second;
    expect(log).toEqual(['client 1 runs', 'client 1 runs']);
  });

  it('refuse who comes after the end, and who waits by then: nobody would end their connection', async () => {
    const { log, clients } = createClients(1);
    const { work, end } = heldWork();
    const first = clients.run('', work);
    const waiting = [clients.run('', nothing), clients.run('', nothing)];
    const closed = clients.close(5);
    end();
    await Promise.all([first, closed]);
    for (const refused of [...waiting, clients.run('', nothing)]) {
      await expect(refused).rejects.toMatchObject({ code: 'CONNECTION_ENDED' });
    }
    expect(log.filter((entry) => entry.endsWith('runs'))).toEqual(['client 1 runs']);
  });
});
