import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';

/**
 * Finds a Node of exactly this version in the per-user cache, or downloads it to there as npm's
 * package `node`. An interrupted download leaves nothing that looks finished, and of two at the same
 * time one is kept.
 *
 * @param install installs a package below a folder's node_modules; true if that worked
 * @returns the path of its binary, or undefined when it could not be had
 */
export function downloadNode({ version, env = process.env, say, install = npmInstall }) {
  const cache = path.join(
    env.XDG_CACHE_HOME || path.join(env.HOME || homedir(), '.cache'),
    'churn',
  );
  const folder = path.join(cache, `node-${version}`);
  if (existsSync(binaryIn(folder))) return found('cached');
  say(`node: downloading ${version}`);
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(path.join(cache, '.building-'));
  try {
    if (!install(`node@${version}`, temporary, env)) return undefined;
    if (versionOf(binaryIn(temporary)) !== `v${version}`) return undefined;
    moveTo(folder, temporary);
    return found('downloaded');
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }

  function found(how) {
    say(`node: ${how} (${folder})`);
    return realpathSync(binaryIn(folder));
  }
}

const binaryIn = (folder) => path.join(folder, 'node_modules', 'node', 'bin', 'node');

/** The folder may be there without a binary; or whole, where another set-up was faster. */
function moveTo(folder, temporary) {
  if (!existsSync(binaryIn(folder))) rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(temporary, folder);
  } catch (error) {
    if (!existsSync(binaryIn(folder))) throw error;
  }
}

/** Such as `v24.21.0`; undefined of what does not run. */
export function versionOf(binary) {
  return spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim();
}

/** The package's install script fetches the binary; from version 12 on npm runs named scripts only. */
function npmInstall(name, folder, env) {
  const settings = { private: true, allowScripts: { node: true } };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(settings));
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = spawnSync(
    'npm',
    ['install', '--global=false', '--ignore-scripts=false', '--prefix', folder, ...quiet, name],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...env, npm_config_update_notifier: 'false' },
    },
  );
  return !error && status === 0;
}
