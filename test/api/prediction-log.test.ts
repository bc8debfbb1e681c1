import fc from 'fast-check';
import type { PendingPrediction } from '../../api/ports';
import type { LoggedPrediction } from '../../packages/contracts/predictions';
import { PredictionLog, type PredictionLogOptions } from '../../api/predict/prediction-log';
import type { PredictionSpool } from '../../api/predict/prediction-spool';
import { ChurnError } from '../../packages/contracts/errors';
import { features, recordingLogger, silentLogger } from './test-api';

function prediction(number: number): PendingPrediction {
  return {
    predictionId: `00000000-0000-4000-8000-${`${number}`.padStart(12, '0')}`,
    userId: `u${number}`,
    modelVersion: 'v001',
    featureTime: '2026-03-01T00:00:00.000000Z',
    knownAt: '2026-03-01T01:00:00.000000Z',
    revision: 1,
    features,
    churnProbability: 0.5,
    predictedAtMillis: 1_772_323_200_123,
  };
}

/** A database table that can be down, refuse rows or take its time. */
class FakeTable {
  readonly rows = new Map<string, LoggedPrediction>();
  readonly batches: number[] = [];
  isDown = false;
  refuses = (_row: LoggedPrediction): boolean => false;
  onInsert = async (): Promise<void> => {};

  async insertPredictions(rows: readonly LoggedPrediction[]): Promise<void> {
    await this.onInsert();
    if (this.isDown) throw new ChurnError('POSTGRES_UNAVAILABLE');
    if (rows.some(this.refuses)) throw invalidInput();
    this.batches.push(rows.length);
    for (const row of rows)
      if (!this.rows.has(row.predictionId)) this.rows.set(row.predictionId, row);
  }
}

function invalidInput(): Error {
  return Object.assign(new Error('invalid input syntax'), { code: '22P02' });
}

class MemorySpool implements PredictionSpool {
  rows: LoggedPrediction[] = [];

  async append(rows: readonly LoggedPrediction[]): Promise<void> {
    this.rows.push(...rows);
  }

  async restore(write: (rows: readonly LoggedPrediction[]) => Promise<void>): Promise<void> {
    await write(this.rows);
    this.rows = [];
  }
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
    expect(entries).toHaveLength(1);
  });

  it('drops and counts what does not fit, and keeps what it has', async () => {
    const log = createLog({ capacity: 5 });
    fill(log, 8);
    expect([log.pending, log.dropped]).toEqual([5, 3]);
    await log.flush();
    expect([...table.rows.values()].map(({ userId }) => userId)).toEqual([
      'u0',
      'u1',
      'u2',
      'u3',
      'u4',
    ]);
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
    expect(log.pending).toBe(0);
  });

  it('spools what is pending when the database does not answer in time', async () => {
    const log = createLog({ closeTimeoutMs: 10 });
    let answer = () => {};
    table.onInsert = () => new Promise((resolve) => (answer = resolve));
    fill(log, 2);
    await log.close();
    expect(spool.rows).toHaveLength(2);
    answer();
    await log.flush();
    expect(log.pending).toBe(0);
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
    await log.flush();
    expect(spool.rows).toHaveLength(1);
    table.isDown = false;
    await log.flush();
    expect([spool.rows.length, table.rows.size]).toEqual([0, 1]);
  });

  it('accounts for every prediction, whatever happens in which order', async () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ down: fc.boolean() }),
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
          else {
            fill(log, next.append, appended);
            appended += next.append;
          }
          expect(table.rows.size + log.pending + log.dropped).toBe(appended);
        }
        await log.close();
        expect(table.rows.size + spool.rows.length + log.dropped).toBe(appended);
      }),
    );
  });
});
