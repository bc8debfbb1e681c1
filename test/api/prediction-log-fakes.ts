import type { PendingPrediction } from '../../api/ports';
import type { PredictionSpool } from '../../api/predict/prediction-spool';
import { ChurnError } from '../../packages/contracts/errors';
import type { LoggedPrediction } from '../../packages/contracts/predictions';
import { features } from './test-api';

export function prediction(number: number): PendingPrediction {
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
export class FakeTable {
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

/** Files in memory, each with what was appended at once, on a disk that can refuse them. */
export class MemorySpool implements PredictionSpool {
  files: (readonly LoggedPrediction[])[] = [];
  counts = { dropped: 0, spooled: 0 };
  problem: ChurnError | undefined;
  isDiskFull = false;

  get rows(): LoggedPrediction[] {
    return this.files.flat();
  }

  get waiting(): number {
    return this.rows.length;
  }

  async survey(): Promise<void> {}

  async append(rows: readonly LoggedPrediction[]): Promise<void> {
    this.problem = this.isDiskFull
      ? new ChurnError('STORAGE_UNAVAILABLE', { problem: 'the disk is full' })
      : undefined;
    if (this.problem) throw this.problem;
    this.files.push(rows);
    this.counts.spooled += rows.length;
  }

  async loadOldest(write: (rows: readonly LoggedPrediction[]) => Promise<void>): Promise<boolean> {
    const [oldest] = this.files;
    if (!oldest) return false;
    await write(oldest);
    this.files = this.files.filter((file) => file !== oldest);
    return true;
  }

  countDropped(predictions: number): void {
    this.counts.dropped += predictions;
  }

  async close(): Promise<void> {}
}
