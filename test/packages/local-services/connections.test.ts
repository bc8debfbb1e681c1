import path from 'node:path';
import { loadConfig } from '../../../packages/config/load-config';
import { resolveConnections } from '../../../packages/local-services/connections';
import { withoutPassword } from '../../../packages/local-services/connections';
import { processIdentity } from '../../../packages/durable-files/process-identity';
import { writeStackState, type StackState } from '../../../packages/local-services/state-file';
import { createScratchDirectory } from '../../environment/scratch-directory';

describe('where the services are', () => {
  const scratch = createScratchDirectory();
  const dataDir = scratch.path;
  const alive = { pid: process.pid, identity: processIdentity(process.pid)! };
  const running: StackState = {
    postgres: { ...alive, port: 5_001, password: 'p' },
    redis: { ...alive, port: 5_002, password: 'r' },
    temporal: { ...alive, port: 5_003, ui_port: 5_004 },
    api: { ...alive, port: 5_005 },
  };
  const resolve = (settings: Record<string, string> = {}) =>
    resolveConnections(loadConfig({ CHURN_DATA_DIR: dataDir, ...settings }));
  const remember = (state: StackState) => writeStackState(path.join(dataDir, 'run'), state);
  afterAll(scratch.remove);

  test('nowhere before they were started', () => {
    expect(() => resolve()).toThrow(expect.objectContaining({ code: 'STACK_NOT_RUNNING' }));
  });

  test('on loopback, as they were started', () => {
    remember(running);

    expect(resolve()).toEqual({
      databaseUrl: 'postgres://churn:p@127.0.0.1:5001/churn',
      redisUrl: 'redis://:r@127.0.0.1:5002',
      temporalAddress: '127.0.0.1:5003',
      temporalUiUrl: 'http://127.0.0.1:5004',
      apiUrl: 'http://127.0.0.1:5005',
    });
  });

  test('where the environment says, before all else', () => {
    remember(running);

    expect(
      resolve({ REDIS_URL: 'redis://elsewhere:6379', TEMPORAL_ADDRESS: 'elsewhere:7233' }),
    ).toEqual({
      databaseUrl: 'postgres://churn:p@127.0.0.1:5001/churn',
      redisUrl: 'redis://elsewhere:6379',
      temporalAddress: 'elsewhere:7233',
      apiUrl: 'http://127.0.0.1:5005',
    });
  });

  test.each(['postgres', 'redis', 'temporal'] as const)('nowhere when %s has ended', (name) => {
    remember({ ...running, [name]: { ...running[name]!, identity: 'of an earlier process' } });

    expect(() => resolve()).toThrow(expect.objectContaining({ code: 'STACK_NOT_RUNNING' }));
  });
});

describe('an address as it may be shown', () => {
  test.each([
    ['postgres://churn:secret@db:5432/churn', 'postgres://churn@db:5432/churn'],
    ['postgres://churn@db/churn?password=secret', 'postgres://churn@db/churn'],
    ['redis://:secret@cache:6379', 'redis://cache:6379'],
    ['temporal:7233', 'temporal:7233'],
  ])('%s is %s', (address, shown) => {
    expect(withoutPassword(address)).toBe(shown);
  });
});
