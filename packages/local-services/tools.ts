import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { ChurnError } from '../contracts';

type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/**
 * The programs that do not come from npm. `make setup` puts a missing one into the per-user cache
 * as `<cache>/churn/<cacheName>-<version>/<executable>`.
 */
export const tools = {
  redis: { executable: 'redis-server', cacheName: 'redis', setting: 'REDIS_URL' },
  temporal: { executable: 'temporal', cacheName: 'temporal', setting: 'TEMPORAL_ADDRESS' },
  testServer: {
    executable: 'temporal-test-server',
    cacheName: 'temporal-test-server',
    setting: 'TEST_TIME_SKIPPING_SERVER',
  },
} as const;

export type Tool = keyof typeof tools;

export interface FoundTool {
  readonly path: string;
  readonly how: 'found on PATH' | 'cached';
}

/** `$XDG_CACHE_HOME/churn`, else `~/.cache/churn`. */
export function cacheRoot(env: EnvironmentVariables): string {
  const base = env.XDG_CACHE_HOME || path.join(env.HOME || homedir(), '.cache');
  return path.join(base, 'churn');
}

/** Looks on PATH, then in the cache (the newest version there); installs nothing. */
export function findTool(tool: Tool, env: EnvironmentVariables): FoundTool | undefined {
  const onPath = findOnPath(tools[tool].executable, env);
  if (onPath) return { path: onPath, how: 'found on PATH' };
  const cached = findInCache(tool, env);
  return cached ? { path: cached, how: 'cached' } : undefined;
}

/** @throws ChurnError MISSING_TOOL with what to do */
export function requireTool(tool: Tool, env: EnvironmentVariables): string {
  const found = findTool(tool, env);
  if (found) return found.path;
  const { executable, setting } = tools[tool];
  throw new ChurnError('MISSING_TOOL', {
    tool: executable,
    problem: 'it is neither on PATH nor in the cache',
    remedy: `Run \`make setup\`, or set ${setting}.`,
  });
}

export function findOnPath(executable: string, env: EnvironmentVariables): string | undefined {
  return (env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, executable))
    .find(isExecutable);
}

function findInCache(tool: Tool, env: EnvironmentVariables): string | undefined {
  const { cacheName, executable } = tools[tool];
  const root = cacheRoot(env);
  return listFolders(root)
    .filter(
      (name) => name.startsWith(`${cacheName}-`) && /^\d/.test(name.slice(cacheName.length + 1)),
    )
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => path.join(root, name, executable))
    .find(isExecutable);
}

function listFolders(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
