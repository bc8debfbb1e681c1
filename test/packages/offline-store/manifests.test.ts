import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import { readManifests, scanManifests } from '../../../packages/offline-store/manifests';
import { partitionPaths } from '../../../packages/offline-store/partition-paths';
import { createScratchDirectory } from '../../environment/scratch-directory';

it.each([
  ['{"revision": \u0001', 'it is not JSON'],
  ['null', 'it is not the manifest of this revision'],
  [
    '{"date": "2024-02-03", "revision": 1, "sha256": "a"}',
    'it is not the manifest of this revision',
  ],
])('a manifest that is damaged is named, and the others are read: %j', async (text, problem) => {
  const scratch = createScratchDirectory();
  const date = '2024-02-03';
  const store = dataPaths(scratch.path);
  const paths = partitionPaths(store, date);
  mkdirSync(paths.revisionsDirectory, { recursive: true });
  const whole = { date, revision: 1, sha256: 'a' };
  writeFileSync(paths.manifestFile(1), JSON.stringify(whole));
  writeFileSync(paths.manifestFile(2), text);
  await expect(readManifests(store, date)).rejects.toMatchObject({
    code: 'CORRUPT_FILE',
    details: { path: path.relative(scratch.path, paths.manifestFile(2)), problem },
  });
  expect(await scanManifests(store, date)).toEqual({
    manifests: [whole],
    damaged: [{ revision: 2, file: paths.manifestFile(2), problem }],
  });
  scratch.remove();
});
