import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readTextIfThere } from '../../durable-files';

/** dist/ where the platform runs as it was built, else the repository's root. */
const ownFolder = path.resolve(__dirname, '../../..');

/**
 * What this code is: the commit that its build was made from (`bin/after-build.mjs` stamps it), else
 * the version of package.json: of a copy without git, or of sources that run unbuilt.
 */
export async function readCodeVersion(folder = ownFolder): Promise<string> {
  const commit = await readTextIfThere(path.join(folder, '.commit'));
  if (commit !== undefined) return commit;
  const root = path.basename(folder) === 'dist' ? path.dirname(folder) : folder;
  const text = await readFile(path.join(root, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
