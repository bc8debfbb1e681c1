import { appendFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { LoggedPrediction } from '../../packages/contracts/predictions';
import { filePredictionSpool } from '../../api/predict/prediction-spool';
import { createScratchDirectory } from '../environment/scratch-directory';
import { features, recordingLogger, silentLogger } from './test-api';

function row(number: number): LoggedPrediction {
  return {
    predictionId: `00000000-0000-4000-8000-${`${number}`.padStart(12, '0')}`,
    userId: `u${number}\n"`,
    modelVersion: 'v001',
    featureTime: '2026-03-01T00:00:00.000000Z',
    knownAt: '2026-03-01T01:00:00.000000Z',
    revision: 1,
    features,
    churnProbability: 0.1 + 0.2,
    predictedAt: '2026-03-01T06:00:00.000000Z',
  };
}

describe('the prediction spool', () => {
  let scratch: ReturnType<typeof createScratchDirectory>;
  let logsDir: string;
  beforeEach(() => {
    scratch = createScratchDirectory();
    logsDir = path.join(scratch.path, 'logs');
  });
  afterEach(() => scratch.remove());

  const spool = () => filePredictionSpool({ logsDir, logger: silentLogger });
  const restored = async (logger = silentLogger) => {
    const rows: LoggedPrediction[] = [];
    await filePredictionSpool({ logsDir, logger }).restore(async (batch) => {
      rows.push(...batch);
    });
    return rows;
  };

  it('hands back exactly what was appended, by whichever process, and forgets it', async () => {
    await spool().append([row(1), row(2)]);
    await spool().append([row(3)]);
    expect(await restored()).toEqual([row(1), row(2), row(3)]);
    expect(await restored()).toEqual([]);
    expect(readdirSync(logsDir)).toEqual([]);
  });

  it('is a file only its owner reads', async () => {
    await spool().append([row(1)]);
    expect(statSync(path.join(logsDir, 'predictions-spool.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('is no file while there is nothing to spool', async () => {
    await spool().append([]);
    expect(await restored()).toEqual([]);
    expect(existsSync(logsDir)).toBe(false);
  });

  it('keeps everything when writing it on fails', async () => {
    await spool().append([row(1)]);
    const failing = spool().restore(async () => {
      throw new Error('still down');
    });
    await expect(failing).rejects.toThrow('still down');
    expect(await restored()).toEqual([row(1)]);
  });

  it('keeps what is appended while it is being read', async () => {
    await spool().append([row(1)]);
    await spool().restore(() => spool().append([row(2)]));
    expect(await restored()).toEqual([row(2)]);
  });

  it('passes over a line that was cut short, and says so', async () => {
    await spool().append([row(1)]);
    appendFileSync(path.join(logsDir, 'predictions-spool.jsonl'), '{"predictionId":"0000');
    const { logger, entries } = recordingLogger();
    expect(await restored(logger)).toEqual([row(1)]);
    expect(entries[0]).toMatchObject({ predictions: 1, unreadable: 1 });
  });
});
