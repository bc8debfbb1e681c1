import { createScratchDirectory } from '../../environment/scratch-directory';
import { runOnFullDisk } from '../../support/run-on-full-disk';

describe('a command that writes, on a full disk', () => {
  const scratch = createScratchDirectory();
  afterAll(() => scratch.remove());

  it.each([
    [['run-day', '2024-01-01']],
    [['backfill', '--from', '2024-01-01', '--to', '2024-01-02']],
  ])('%j says so at once, and asks no service', (args) => {
    const { status, stdout } = runOnFullDisk([...args, '--json'], {
      CHURN_DATA_DIR: scratch.path,
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      REDIS_URL: 'redis://127.0.0.1:1',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});
