import fc from 'fast-check';
import { PredictionLog, type PredictionLogOptions } from '../../api/predict/prediction-log';
import { FakeTable, MemorySpool, prediction } from './prediction-log-fakes';
import { recordingLogger, silentLogger } from './test-api';

const usersUpTo = (count: number) => Array.from({ length: count }, (_, number) => `u${number}`);

/** Lets timers and promises run until something holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe('the prediction log', () => {
  let table: FakeTable;
  let spool: MemorySpool;

  beforeEach(() => {
    table = new FakeTable();
    spool = new MemorySpool();
  });

  const createLog = (options: Partial<PredictionLogOptions> = {}) =>
    new PredictionLog({ store: table, spool, logger: silentLogger, intervalMs: 1, ...options });
  const fill = (log: PredictionLog, count: number, from = 0) => {
    for (let number = from; number < from + count; number += 1) log.append(prediction(number));
  };

  it('writes rows with the time of the prediction as text', async () => {
    const log = createLog();
    log.append(prediction(1));
    expect(await log.flush()).toBe(true);
    const { predictedAtMillis: _, ...rest } = prediction(1);
    expect([...table.rows.values()]).toEqual([
      { ...rest, predictedAt: '2026-03-01T00:00:00.123000Z' },
    ]);
  });

  it('writes in batches, in order', async () => {
    const log = createLog({ batchRows: 4 });
    fill(log, 10);
    await log.flush();
    expect(table.batches).toEqual([4, 4, 2]);
    expect([...table.rows.values()].map(({ userId }) => userId)).toEqual(
      Array.from({ length: 10 }, (_, number) => `u${number}`),
    );
    expect(log.pending).toBe(0);
  });

  it('writes by itself once started', async () => {
    const log = createLog();
    log.start();
    const written = new Promise<void>((resolve) => (table.onInsert = async () => resolve()));
    log.append(prediction(1));
    await written;
    await log.close();
    expect(table.rows.size).toBe(1);
  });

  it('does not wait for the interval when a batch is full', async () => {
    const log = createLog({ batchRows: 3, intervalMs: 3_600_000 });
    log.append(prediction(0));
    const first = new Promise<void>((resolve) => (table.onInsert = async () => resolve()));
    log.start();
    await first;
    await log.flush();
    const written = new Promise<void>((resolve) => (table.onInsert = async () => resolve()));
    fill(log, 3, 1);
    await written;
    await log.close();
    expect(table.rows.size).toBe(4);
  });

  it('keeps predictions while the database is down, and writes them when it is back', async () => {
    const log = createLog();
    table.isDown = true;
    fill(log, 3);
    expect(await log.flush()).toBe(false);
    expect([log.pending, log.dropped]).toEqual([3, 0]);
    table.isDown = false;
    expect(await log.flush()).toBe(true);
    expect(table.rows.size).toBe(3);
  });

  it.each([
    ['a connection that broke', Object.assign(new Error('x'), { code: 'ECONNRESET' })],
    ['a missing table', Object.assign(new Error('x'), { code: '42P01' })],
    ['a full disk', Object.assign(new Error('x'), { code: '53100' })],
    ['what nobody foresaw', new TypeError('surprise')],
  ])('keeps predictions when the database fails with %s', async (_what, failure) => {
    const log = createLog();
    table.onInsert = async () => {
      throw failure;
    };
    fill(log, 2);
    expect(await log.flush()).toBe(false);
    expect([log.pending, log.dropped]).toEqual([2, 0]);
  });

  it('keeps trying by itself', async () => {
    const log = createLog();
    table.isDown = true;
    let tries = 0;
    const back = new Promise<void>((resolve) => {
      table.onInsert = async () => {
        tries += 1;
        if (tries === 4) {
          table.isDown = false;
          resolve();
        }
      };
    });
    log.append(prediction(1));
    log.start();
    await back;
    await log.close();
    expect(table.rows.size).toBe(1);
  });

  it('says once, not at every try, that predictions wait', async () => {
    const { logger, entries } = recordingLogger();
    const log = createLog({ logger });
    table.isDown = true;
    fill(log, 1);
    await log.flush();
    await log.flush();
    expect(entries.map(({ pending }) => pending)).toEqual([1]);
  });

  it('writes nothing to a file while the database takes everything', async () => {
    const log = createLog({ batchRows: 3 });
    fill(log, 10);
    await log.flush();
    expect([log.status, log.spooledTotal]).toEqual(['logging', 0]);
  });

  it('spools, while it runs, all that the database does not take, in order', async () => {
    table.isDown = true;
    const log = createLog();
    for (let round = 0; round < 5; round += 1) {
      fill(log, 3, round * 3);
      await log.flush();
      expect([spool.rows.length, log.pending]).toEqual([round * 3 + 3, round * 3 + 3]);
    }
    expect(spool.rows.map(({ userId }) => userId)).toEqual(usersUpTo(15));
    expect([log.status, log.spooled, log.spooledTotal, log.dropped]).toEqual([
      'spooling',
      15,
      15,
      0,
    ]);
  });

  it('writes what was spooled before what came later, each once', async () => {
    table.isDown = true;
    const log = createLog({ batchRows: 2 });
    fill(log, 5);
    await log.flush();
    fill(log, 5, 5);
    table.isDown = false;
    expect(await log.flush()).toBe(true);
    expect([...table.rows.values()].map(({ userId }) => userId)).toEqual(usersUpTo(10));
    expect(table.batches.reduce((sum, rows) => sum + rows, 0)).toBe(10);
    expect([log.status, log.pending, spool.files]).toEqual(['logging', 0, []]);
  });

  it('drops and counts what does not fit into memory, only when nothing can be spooled', async () => {
    table.isDown = true;
    spool.isDiskFull = true;
    const log = createLog({ capacity: 5 });
    await log.flush();
    fill(log, 3);
    await log.flush();
    fill(log, 5, 3);
    expect([log.status, log.pending, log.dropped]).toEqual(['buffering', 5, 3]);
    table.isDown = false;
    expect(await log.flush()).toBe(true);
    expect([...table.rows.values()].map(({ userId }) => userId)).toEqual(usersUpTo(5));
    expect(log.status).toBe('logging');
  });

  it('spools when the database does not answer in time, and does not ask it a second time meanwhile', async () => {
    const log = createLog({ insertTimeoutMs: 5 });
    let answer = () => {};
    let asked = 0;
    table.onInsert = () => {
      asked += 1;
      return new Promise((resolve) => (answer = resolve));
    };
    fill(log, 3);
    const flushed = log.flush();
    await until(() => spool.rows.length === 3);
    fill(log, 3, 3);
    table.onInsert = async () => void (asked += 1);
    expect(asked).toBe(1);
    answer();
    await flushed;
    expect(await log.flush()).toBe(true);
    expect([...table.rows.values()].map(({ userId }) => userId)).toEqual(usersUpTo(6));
  });

  it('does not ask a database that hangs a second time, even when nothing can be spooled', async () => {
    spool.isDiskFull = true;
    const log = createLog({ insertTimeoutMs: 1 });
    let asked = 0;
    table.onInsert = () => {
      asked += 1;
      return new Promise(() => {});
    };
    fill(log, 1);
    expect([await log.flush(), await log.flush(), asked]).toEqual([false, false, 1]);
    expect([log.status, log.pending]).toEqual(['buffering', 1]);
  });

  it.each([true, false])(
    'abandons an insert that is never answered, and asks again (the spool has room: %p)',
    async (hasRoom) => {
      spool.isDiskFull = !hasRoom;
      const log = createLog({ insertTimeoutMs: 1, abandonAfterMs: 20 });
      let asked = 0;
      table.onInsert = async () => {
        asked += 1;
        if (asked === 1) await new Promise(() => {});
      };
      fill(log, 2);
      log.start();
      await until(() => asked > 0 && log.pending === 0);
      await log.close();
      expect([...table.rows.values()].map(({ userId }) => userId)).toEqual(usersUpTo(2));
      expect([log.status, log.dropped]).toEqual(['logging', 0]);
    },
  );

  it('does not wait for the database once memory is half full', async () => {
    const log = createLog({ insertTimeoutMs: 3_600_000, capacity: 8 });
    let answer = () => {};
    const asked = new Promise<void>((resolve) => {
      table.onInsert = () => {
        resolve();
        return new Promise((answered) => (answer = answered));
      };
    });
    fill(log, 2);
    const flushed = log.flush();
    await asked;
    fill(log, 2, 2);
    await until(() => spool.rows.length === 4);
    table.onInsert = async () => {};
    answer();
    await flushed;
    await log.flush();
    expect([log.pending, log.dropped, table.rows.size]).toEqual([0, 0, 4]);
  });

  it('takes new predictions into the places that were written', async () => {
    const log = createLog({ capacity: 4, batchRows: 2 });
    for (let round = 0; round < 5; round += 1) {
      fill(log, 3, round * 3);
      await log.flush();
    }
    expect([table.rows.size, log.dropped]).toEqual([15, 0]);
  });

  it('gives up only the rows that the database refuses', async () => {
    const { logger, entries } = recordingLogger();
    const log = createLog({ logger });
    table.refuses = ({ userId }) => userId === 'u3' || userId === 'u6';
    fill(log, 8);
    expect(await log.flush()).toBe(true);
    expect([...table.rows.values()].map(({ userId }) => userId).sort()).toEqual([
      'u0',
      'u1',
      'u2',
      'u4',
      'u5',
      'u7',
    ]);
    expect(log.dropped).toBe(2);
    expect(entries.map(({ predictionId }) => predictionId)).toEqual([
      prediction(3).predictionId,
      prediction(6).predictionId,
    ]);
  });

  it('spools what is pending when it closes and the database is down', async () => {
    const log = createLog();
    table.isDown = true;
    fill(log, 3);
    await log.close();
    expect(spool.rows.map(({ userId }) => userId)).toEqual(['u0', 'u1', 'u2']);
  });

  it('spools what is pending when it closes and the database does not answer in time', async () => {
    const log = createLog({ insertTimeoutMs: 10 });
    table.onInsert = () => new Promise(() => {});
    fill(log, 2);
    await log.close();
    expect(spool.rows).toHaveLength(2);
  });

  it('spools the rest when it closes and the database takes too long for all', async () => {
    const log = createLog({ batchRows: 1, closeTimeoutMs: 0 });
    fill(log, 3);
    await log.close();
    expect([spool.rows.length, table.rows.size]).toEqual([3, 0]);
  });

  it('counts, and says, what is lost when it closes and nothing can be kept', async () => {
    const { logger, entries } = recordingLogger();
    const log = createLog({ logger });
    table.isDown = true;
    spool.isDiskFull = true;
    fill(log, 3);
    await log.close();
    expect(log.dropped).toBe(3);
    expect(entries).toContainEqual(expect.objectContaining({ predictions: 3, level: 50 }));
  });

  it('writes what an earlier process spooled, before anything else', async () => {
    const before = createLog();
    table.isDown = true;
    fill(before, 3);
    await before.close();
    table.isDown = false;
    const log = createLog({ batchRows: 2 });
    log.append(prediction(9));
    await log.flush();
    expect([...table.rows.values()].map(({ userId }) => userId)).toEqual(['u0', 'u1', 'u2', 'u9']);
    expect(spool.rows).toEqual([]);
  });

  it('keeps the spool while the database is down', async () => {
    const log = createLog();
    await spool.append([{ ...prediction(1), predictedAt: '2026-03-01T00:00:00.000000Z' }]);
    table.isDown = true;
    expect(await log.flush()).toBe(false);
    expect(spool.rows).toHaveLength(1);
    table.isDown = false;
    await log.flush();
    expect([spool.rows.length, table.rows.size]).toEqual([0, 1]);
  });

  it('accounts for every prediction, whatever happens in which order', async () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ down: fc.boolean() }),
      fc.record({ full: fc.boolean() }),
      fc.constant('flush' as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        table = new FakeTable();
        spool = new MemorySpool();
        const log = createLog({ capacity: 12, batchRows: 5 });
        let appended = 0;
        for (const next of steps) {
          if (next === 'flush') await log.flush();
          else if ('down' in next) table.isDown = next.down;
          else if ('full' in next) spool.isDiskFull = next.full;
          else {
            fill(log, next.append, appended);
            appended += next.append;
          }
          expect(table.rows.size + log.pending + log.dropped).toBe(appended);
        }
        await log.close();
        expect(table.rows.size + spool.rows.length + log.dropped).toBe(appended);
        const users = [...table.rows.values(), ...spool.rows].map(({ userId }) =>
          Number(userId.slice(1)),
        );
        expect(users).toEqual(users.toSorted((a, b) => a - b));
      }),
    );
  });
});
