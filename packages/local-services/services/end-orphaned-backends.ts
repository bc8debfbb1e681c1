import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { processIdentity } from '../../durable-files';
import { stopProcess } from '../processes/detached-process';

const DEADLINE_MILLIS = 10_000;

/**
 * Ends what is left of a Postgres that was killed. Its backends notice only when they next wait for
 * something, and until the last one has ended, Postgres refuses to start again on the same cluster
 * ("pre-existing shared memory block"). One that computes goes on for as long as its query takes, for
 * nobody. They get the signal that a postmaster sends when one of them has crashed. Nothing is done
 * while the postmaster of the cluster lives. Known on Linux only: elsewhere the start fails until they
 * have ended by themselves.
 *
 * @param cluster the folder of the cluster
 * @param program the program `postgres` that ran it
 */
export async function endOrphanedBackends(cluster: string, program: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const pids = processesIn(realpathSync(cluster), realpathSync(program));
  if (pids.includes(postmasterOf(cluster))) return;
  await Promise.all(
    pids.map((pid) => {
      const identity = processIdentity(pid) ?? null;
      return stopProcess({ pid, identity, signal: 'SIGQUIT', deadlineMs: DEADLINE_MILLIS });
    }),
  );
}

/** Every process of a cluster works in its folder. */
function processesIn(folder: string, program: string): number[] {
  const isOne = (pid: string) => linkOf(pid, 'cwd') === folder && linkOf(pid, 'exe') === program;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isOne(name))
    .map(Number);
}

/** Undefined of a process that has ended, or belongs to another user. */
function linkOf(pid: string, name: 'cwd' | 'exe'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return undefined;
  }
}

function postmasterOf(cluster: string): number {
  try {
    return Number(readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return Number.NaN;
  }
}
