import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { onStorage } from '../on-storage';
import { cacheRoot } from '../tools';

/**
 * Builds something in a temporary folder of the cache and moves it to its place by one rename, so
 * that an interrupted installation leaves nothing that looks finished.
 *
 * @param build makes the content of `<temporary>/content` and returns the folder's final name, or
 * undefined when it did not work
 * @returns the final folder, or undefined
 */
export async function buildInCache(
  env: NodeJS.ProcessEnv,
  build: (folders: { content: string; scratch: string }) => Promise<string | undefined>,
): Promise<string | undefined> {
  const root = cacheRoot(env);
  const temporary = onStorage(() => {
    mkdirSync(root, { recursive: true });
    return mkdtempSync(path.join(root, '.building-'));
  });
  const content = path.join(temporary, 'content');
  const scratch = path.join(temporary, 'scratch');
  mkdirSync(content);
  mkdirSync(scratch);
  try {
    const name = await build({ content, scratch });
    if (name === undefined) return undefined;
    const final = path.join(root, name);
    rmSync(final, { recursive: true, force: true });
    renameSync(content, final);
    return final;
  } finally {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 3 });
  }
}
