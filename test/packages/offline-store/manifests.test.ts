import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import { readManifests } from '../../../packages/offline-store/manifests';
import { partitionPaths } from '../../../packages/offline-store/partition-paths';
import { createScratchDirectory } from '../../environment/scratch-directory';

it('a manifest that is damaged is named', async () => {
  const scratch = createScratchDirectory();
  const store = dataPaths(scratch.path);
  const paths = partitionPaths(store, '2024-02-03');
  mkdirSync(paths.revisionsDirectory, { recursive: true });
  writeFileSync(paths.manifestFile(1), '{"revision": 1}');
  writeFileSync(paths.manifestFile(2), '{"revision": \u0001');
  await expect(readManifests(store, '2024-02-03')).rejects.toMatchObject({
    code: 'CORRUPT_FILE',
    details: {
      path: path.relative(scratch.path, paths.manifestFile(2)),
      problem: 'it is not JSON',
    },
  });
  scratch.remove();
});
