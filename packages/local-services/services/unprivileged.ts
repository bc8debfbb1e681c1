import { spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import path from 'node:path';
import { ChurnError } from '../../contracts';
import type { CommandLine } from '../processes/detached-process';

const NOBODY = 65_534;

/** How to run a program that refuses to run as root. */
export interface Unprivileged {
  wrap(command: string, args: readonly string[]): CommandLine;
  /** Gives a folder to the user the program will run as. */
  own(folder: string): void;
}

const asOneself: Unprivileged = {
  wrap: (command, args) => ({ command, args }),
  own: () => {},
};

/** Files stay root's outside; inside the namespace, root is user 1000. The pid is the program's. */
const inUserNamespace: Unprivileged = {
  wrap: (command, args) => ({
    command: 'unshare',
    args: ['--user', '--map-user=1000', '--map-group=1000', command, ...args],
  }),
  own: () => {},
};

const asNobody: Unprivileged = {
  wrap: (command, args) => ({ command, args, uid: NOBODY, gid: NOBODY }),
  own: (folder) => chownSync(folder, NOBODY, NOBODY),
};

/**
 * Finds a way to run `program` without root's rights, with files below `dataDir`: as oneself when
 * not root, else in a user namespace, else as `nobody` where the folders let it through.
 *
 * @throws ChurnError MISSING_TOOL when root has none of them
 */
export function findUnprivileged(program: string, dataDir: string): Unprivileged {
  if (process.getuid?.() !== 0) return asOneself;
  if (succeeds(inUserNamespace.wrap(program, ['--version']))) return inUserNamespace;
  const canTraverse = succeeds({
    ...asNobody.wrap('/bin/sh', ['-c', 'test -x "$1"', 'sh', path.join(dataDir, '.')]),
  });
  if (canTraverse && succeeds(asNobody.wrap(program, ['--version']))) return asNobody;
  throw new ChurnError('MISSING_TOOL', {
    tool: 'A way to run Postgres without root',
    problem:
      'unshare is not permitted here, and the user nobody has no access to the data directory',
    remedy: 'Run as a normal user, or set DATABASE_URL.',
  });
}

function succeeds(commandLine: CommandLine): boolean {
  const { command, args, uid, gid } = commandLine;
  return spawnSync(command, [...args], { uid, gid, stdio: 'ignore', timeout: 10_000 }).status === 0;
}
