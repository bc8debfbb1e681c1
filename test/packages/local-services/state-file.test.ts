import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readStackState, writeStackState } from '../../../packages/local-services/state-file';
import { createScratchDirectory } from '../../environment/scratch-directory';

describe('the state of the stack', () => {
  const scratch = createScratchDirectory();
  const runDir = path.join(scratch.path, 'data', 'run');
  const redis = { pid: 7, identity: 'boot:1', port: 6_379, password: 'secret' };
  afterAll(scratch.remove);

  test('is empty before anything was started', () => {
    expect(readStackState(runDir)).toEqual({});
  });

  test('is read as it was written', () => {
    writeStackState(runDir, { redis });

    expect(readStackState(runDir)).toEqual({ redis });
  });

  test('is for its owner only, and leaves no other file', () => {
    writeStackState(runDir, { redis });

    expect(statSync(runDir).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(runDir, 'stack.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(runDir)).toEqual(['stack.json']);
  });

  test.each([
    ['an empty file', ''],
    ['half a document', '{"redis": {"pid"'],
    ['a list', '[1]'],
    ['a service without a port', '{"redis": {"pid": 7}}'],
  ])('%s is an empty state', (_, content) => {
    writeFileSync(path.join(runDir, 'stack.json'), content);

    expect(readStackState(runDir)).toEqual({});
  });
});
