import { existsSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';

/**
 * The commit that is checked out in a folder, with `-dirty` behind it where files that git knows
 * differ from it. Undefined where the folder is no checkout of its own, or there is no git.
 */
export function commitOf(folder) {
  // Git would find the repository of a folder above.
  if (!existsSync(path.join(folder, '.git'))) return undefined;
  const describe = ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'];
  const { status, stdout } = spawnSync('git', describe, { cwd: folder, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
