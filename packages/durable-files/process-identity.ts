import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * What tells a process from a later one with the same pid: when it started (on Linux in clock
 * ticks since this boot). Undefined when there is no such process, or only its zombie. On Linux a
 * process is there until its last thread has ended: until then it holds its ports and locks, and may
 * be in the middle of a write.
 */
export function processIdentity(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxIdentity(pid) : identityFromPs(pid);
}

/** Whether `pid` is still the process whose identity was recorded. */
export function isSameProcess(pid: number | null, identity: string | null): pid is number {
  return pid !== null && identity !== null && processIdentity(pid) === identity;
}

/** Of /proc/PID/stat, in include/linux/sched.h: it is on its way out, or was killed by a signal. */
const PF_EXITING = 0x4;
const PF_SIGNALED = 0x400;
const PENDING_SIGKILL = 1 << 8;

/** Whether `pid` is still that process, and was not killed: one that was may look well for a moment. */
export function isAlive(pid: number | null, identity: string | null): pid is number {
  return isSameProcess(pid, identity) && !isEnding(pid);
}

/**
 * Whether a process was killed but is still there: with much memory, or in the middle of a write,
 * that takes a moment, in which its files say that it is well. Known on Linux only.
 */
export function isEnding(pid: number): boolean {
  const fields = process.platform === 'linux' ? statFields(pid) : undefined;
  if (!fields) return false;
  const isExiting = (Number(fields[6]) & (PF_EXITING | PF_SIGNALED)) !== 0;
  return isExiting || (Number(fields[28]) & PENDING_SIGKILL) !== 0;
}

function linuxIdentity(pid: number): string | undefined {
  const fields = statFields(pid);
  if (!fields || fields[0] === 'X') return undefined;
  // The first thread of a killed process may be a zombie up to a second before the others have ended.
  if (fields[0] === 'Z' && Number(fields[17]) <= 1) return undefined;
  return `${bootId()}:${fields[19]}`;
}

/** The fields of /proc/PID/stat from the third on, the state. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold spaces: the fields proper start after the last one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
}

function identityFromPs(pid: number): string | undefined {
  try {
    const output = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [state = '', ...start] = output.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : start.join(' ');
  } catch {
    return undefined;
  }
}
