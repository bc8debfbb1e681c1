import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { cacheRoot, findTool, requireTool } from '../../../packages/local-services/tools';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { fakeProgram } from './stack-fixture';

describe('finding a program', () => {
  const scratch = createScratchDirectory();
  const onPath = path.join(scratch.path, 'bin');
  const home = path.join(scratch.path, 'home');
  const cache = path.join(home, '.cache', 'churn');
  afterAll(scratch.remove);

  test('the cache is per user, and below XDG_CACHE_HOME where that is set', () => {
    expect(cacheRoot({ HOME: '/home/a' })).toBe('/home/a/.cache/churn');
    expect(cacheRoot({ HOME: '/home/a', XDG_CACHE_HOME: '/cache' })).toBe('/cache/churn');
    expect(cacheRoot({ HOME: '/home/a', XDG_CACHE_HOME: '' })).toBe('/home/a/.cache/churn');
  });

  test('what is nowhere is a missing tool, with a remedy', () => {
    const env = { PATH: onPath, HOME: home };

    expect(findTool('redis', env)).toBeUndefined();
    expect(() => requireTool('redis', env)).toThrow(/make setup.*REDIS_URL/);
  });

  test('the newest version in the cache is taken', () => {
    fakeProgram(path.join(cache, 'temporal-1.5.1'), 'temporal', 'exit 0');
    fakeProgram(path.join(cache, 'temporal-1.10.0'), 'temporal', 'exit 0');
    mkdirSync(path.join(cache, 'temporal-1.11.0'));

    expect(findTool('temporal', { PATH: '', HOME: home })).toEqual({
      path: path.join(cache, 'temporal-1.10.0', 'temporal'),
      how: 'cached',
    });
  });

  test('the test server is not taken for the dev server', () => {
    const other = path.join(scratch.path, 'other');
    const folder = path.join(other, '.cache', 'churn', 'temporal-test-server-1.38.0');
    fakeProgram(folder, 'temporal', 'exit 0');

    expect(findTool('temporal', { PATH: '', HOME: other })).toBeUndefined();
  });

  test('PATH comes before the cache', () => {
    fakeProgram(onPath, 'temporal', 'exit 0');

    expect(findTool('temporal', { PATH: `/nowhere:${onPath}`, HOME: home })).toEqual({
      path: path.join(onPath, 'temporal'),
      how: 'found on PATH',
    });
  });
});
