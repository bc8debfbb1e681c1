import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findOnPath } from '../tools';
import { buildInCache } from './cache-folder';
import type { InstallContext, InstallResult } from './installer';
import { runProgram } from './run-program';

const remedy =
  'Install redis-server (with your package manager, or `brew install redis`) or set REDIS_URL.';

/** Redis from the system's own packages, unpacked into the per-user cache: nothing global changes. */
export async function installRedis(context: InstallContext): Promise<InstallResult> {
  if (findOnPath('apt-get', context.env) && findOnPath('dpkg-deb', context.env)) {
    return installFromApt(context);
  }
  if (findOnPath('brew', context.env)) return findInHomebrew(context);
  return { problem: 'there is neither apt-get nor Homebrew', remedy };
}

async function installFromApt(context: InstallContext): Promise<InstallResult> {
  if (!(await hasCandidate(context))) await refreshPackageLists(context);
  const packages = await packagesToUnpack({
    roots: ['redis-server', 'redis-tools'],
    dependsOn: (name) => aptDependencies(name, context),
    isInstalled: (name) => isInstalled(name, context),
  });
  let problem = '';
  const folder = await buildInCache(context.env, async ({ content, scratch }) => {
    const download = await runProgram('apt-get', aptDownloadArgs(packages), {
      cwd: scratch,
      env: context.env,
      onWaiting: context.tick,
    });
    problem = download.problem;
    if (download.status !== 0) return undefined;
    for (const archive of readdirSync(scratch).filter((name) => name.endsWith('.deb'))) {
      const args = dpkgExtractArgs(path.join(scratch, archive), content);
      await runProgram('dpkg-deb', args, { env: context.env });
    }
    writeWrapper(content);
    return nameByVersion(path.join(content, 'redis-server'), context);
  });
  return folder
    ? { how: 'downloaded', path: path.join(folder, 'redis-server') }
    : { problem: `apt-get could not download ${packages.join(' ')}: ${problem}`, remedy };
}

async function hasCandidate({ env }: InstallContext): Promise<boolean> {
  const { stdout } = await runProgram('apt-cache', ['policy', 'redis-server'], { env });
  return /Candidate: (?!\(none\))\S/.test(stdout);
}

/** Only where no `sudo` is needed for it; it changes lists, not programs. */
async function refreshPackageLists({ env, say, tick }: InstallContext): Promise<void> {
  if (process.getuid?.() !== 0) return;
  say('redis: there are no package lists; running apt-get update');
  await runProgram('apt-get', ['update', '-qq'], { env, onWaiting: tick });
}

/**
 * The packages that have to be unpacked: the roots, and the libraries they need that this system
 * does not have. Names come from the package manager, as they differ between releases.
 */
export async function packagesToUnpack(options: {
  roots: readonly string[];
  dependsOn: (name: string) => Promise<readonly string[]>;
  isInstalled: (name: string) => Promise<boolean>;
}): Promise<string[]> {
  const wanted = new Set(options.roots);
  for (const name of wanted) {
    for (const dependency of await options.dependsOn(name)) {
      if (wanted.has(dependency) || !/^(lib|lua-|redis-)/.test(dependency)) continue;
      if (!(await options.isInstalled(dependency))) wanted.add(dependency);
    }
  }
  return [...wanted];
}

async function aptDependencies(name: string, { env }: InstallContext): Promise<string[]> {
  const { stdout } = await runProgram('apt-cache', aptDependsArgs(name), { env });
  return parseDependencies(stdout);
}

export function aptDependsArgs(name: string): string[] {
  const unwanted = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'];
  return ['depends', ...unwanted.map((kind) => `--no-${kind}`), name];
}

/** `  Depends: libssl3` and `  PreDepends: …`; virtual packages, in angle brackets, are left out. */
export function parseDependencies(output: string): string[] {
  return [...output.matchAll(/^\s+\|?(?:Pre)?Depends: ([a-z0-9][a-z0-9.+-]*)/gm)].map(
    ([, name]) => name!,
  );
}

export function aptDownloadArgs(packages: readonly string[]): string[] {
  return ['download', '-qq', ...packages];
}

export function dpkgExtractArgs(archive: string, folder: string): string[] {
  return ['-x', archive, folder];
}

async function isInstalled(name: string, { env }: InstallContext): Promise<boolean> {
  const args = ['-W', '-f=${db:Status-Status}', name];
  return (await runProgram('dpkg-query', args, { env })).stdout.startsWith('installed');
}

/** Runs the unpacked program with the libraries unpacked beside it; `exec` keeps the pid. */
function writeWrapper(folder: string): void {
  const wrapper = path.join(folder, 'redis-server');
  const script = [
    '#!/bin/sh',
    'here=$(cd "$(dirname "$0")" && pwd)',
    'for folder in "$here"/usr/lib/*-linux-* "$here"/lib/*-linux-*; do',
    '  [ -d "$folder" ] && LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"',
    'done',
    'export LD_LIBRARY_PATH',
    'exec "$here/usr/bin/redis-server" "$@"',
    '',
  ].join('\n');
  writeFileSync(wrapper, script);
  chmodSync(wrapper, 0o755);
}

/** Undefined when the program does not run here. */
async function nameByVersion(
  program: string,
  { env }: InstallContext,
): Promise<string | undefined> {
  const { stdout } = await runProgram(program, ['--version'], { env });
  const version = /v=(\d+(?:\.\d+)+)/.exec(stdout)?.[1];
  return version && `redis-${version}`;
}

async function findInHomebrew({ env }: InstallContext): Promise<InstallResult> {
  const { status, stdout } = await runProgram('brew', ['--prefix', 'redis'], { env });
  const program = findOnPath('redis-server', { PATH: path.join(stdout.trim(), 'bin') });
  if (status === 0 && program) {
    return {
      problem: `Homebrew has it, but it is not on PATH`,
      remedy: `Add ${path.dirname(program)} to PATH.`,
    };
  }
  return { problem: 'Homebrew has not installed it', remedy: 'Run `brew install redis`.' };
}
