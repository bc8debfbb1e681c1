import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import path from 'node:path';
import { root } from '../repository-files';

/** Runs `churn` so that no file can get a byte, as on a full disk: only pipes can be written. */
export function runOnFullDisk(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): SpawnSyncReturns<string> {
  const command = [
    process.execPath,
    ...['-r', path.join(root, 'test/environment/typescript-require.cjs')],
    ...[path.join(root, 'packages/cli/main.ts'), ...args],
  ];
  return spawnSync('/bin/sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', ...command], {
    encoding: 'utf8',
    env: { ...process.env, ...settings },
  });
}
