import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isSameProcess, processIdentity } from '../../durable-files';
import { onStorage } from '../on-storage';
import { openLog } from './service-log';

export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  /** Where it runs; absent: where the starter says. */
  readonly cwd?: string;
  /** A file that is its standard input. */
  readonly stdin?: string;
  /** Variables beside the caller's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
}

export interface DetachedProcess {
  readonly child: ChildProcess;
  readonly pid: number | null;
  readonly identity: string | null;
  /** What it has written to its log since it was started, at most its last 2,000 bytes. */
  logTail(): string;
}

const TAIL_BYTES = 2_000;
const POLL_MS = 50;

/**
 * Starts a process that outlives this one, in a session of its own, writing to `logFile` (which is
 * set aside once at 16 MiB). `pid` is null when the program could not be started at all.
 */
export function spawnDetached(
  commandLine: CommandLine,
  options: { logFile: string; cwd: string; env: NodeJS.ProcessEnv },
): DetachedProcess {
  const log = onStorage(() => openLog(options.logFile));
  const offset = fstatSync(log).size;
  const { stdin } = commandLine;
  const input = stdin === undefined ? null : onStorage(() => openSync(stdin, 'r'));
  try {
    const child = spawn(commandLine.command, [...commandLine.args], {
      detached: true,
      stdio: [input ?? 'ignore', log, log],
      cwd: commandLine.cwd ?? options.cwd,
      env: { ...options.env, ...commandLine.env },
      uid: commandLine.uid,
      gid: commandLine.gid,
    });
    // A program that can't be started shows itself as a missing pid; the event needs a listener.
    child.on('error', () => {});
    child.unref();
    const pid = child.pid ?? null;
    const identity = pid === null ? null : (processIdentity(pid) ?? null);
    return { child, pid, identity, logTail: () => readFrom(options.logFile, offset) };
  } finally {
    closeSync(log);
    if (input !== null) closeSync(input);
  }
}

/**
 * Asks a process to stop, waits, and kills it in the end. A pid that belongs to another process by
 * now is left alone.
 */
export async function stopProcess(options: {
  pid: number | null;
  identity: string | null;
  signal: NodeJS.Signals;
  deadlineMs: number;
}): Promise<void> {
  const { pid, identity } = options;
  if (!isSameProcess(pid, identity)) return;
  send(pid, options.signal);
  if (await isGone(pid, identity, options.deadlineMs)) return;
  send(pid, 'SIGKILL');
  await isGone(pid, identity, 5_000);
}

async function isGone(pid: number, identity: string | null, waitMs: number): Promise<boolean> {
  const deadline = Date.now() + waitMs;
  while (isSameProcess(pid, identity)) {
    if (Date.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}

function readFrom(file: string, offset: number): string {
  const log = openSync(file, 'r');
  try {
    const end = fstatSync(log).size;
    const start = Math.max(offset, end - TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, end - start));
    readSync(log, buffer, 0, buffer.length, start);
    return buffer.toString('utf8').trim();
  } finally {
    closeSync(log);
  }
}
