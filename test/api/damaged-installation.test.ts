import { EventEmitter } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { portProblems } from '../../api/port-problems';
import { dataPaths } from '../../packages/config';
import { readDirectoryInstallation } from '../../packages/local-services/installation/directory-installation';
import { OnlineReader } from '../../packages/online-store/serving/online-reader';
import { createScratchDirectory } from '../environment/scratch-directory';

describe('a data directory whose installation.json is damaged', () => {
  const scratch = createScratchDirectory();
  let features: OnlineReader;

  beforeAll(() => {
    const paths = dataPaths(scratch.path);
    writeFileSync(path.join(scratch.path, 'installation.json'), '{');
    // Connected; it is not asked before the reader knows whose features it may serve.
    const redis = Object.assign(new EventEmitter(), { status: 'ready' }) as unknown as Redis;
    features = new OnlineReader({ redis, installationId: () => readDirectoryInstallation(paths) });
  });
  afterAll(() => {
    features.close();
    scratch.remove();
  });

  it.each([
    ['read', () => features.read('u000042')],
    ['readMany', () => features.readMany(['u000042'])],
    ['meta', () => features.meta()],
  ] as const)('fails %s with an error that is documented', async (method, ask) => {
    const error: unknown = await ask().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CORRUPT_FILE', details: { path: 'installation.json' } });
    expect(portProblems.onlineFeatures[method]).toContain('CORRUPT_FILE');
  });
});
