import { randomUUID } from 'node:crypto';
import { link, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ChurnError } from '../contracts';
import { makeFolder, readTextIfThere } from './durable-files';
import { processHost } from './process-host';
import { isSameProcess, processIdentity } from './process-identity';
import { asStorageError, systemCode } from './storage-error';

const POLL_MILLIS = 25;
/** For holders that can't be asked whether they live: on another machine, or without identity. */
const STALE_AFTER_MILLIS = 10 * 60_000;
/** Removing a stale lock takes a few system calls; a mark that stays was left by a crash. */
const MARK_STALE_AFTER_MILLIS = 10_000;

interface LockOwner {
  /** By `processHost`; undefined in locks of an earlier release's services, which run on one machine. */
  readonly host?: string;
  readonly pid: number;
  readonly identity: string | null;
}

export interface FileLock {
  readonly file: string;
  readonly waitMillis: number;
  /** What the holder is doing, as in "is still writing to the model registry". */
  readonly activity: string;
}

/**
 * Runs work while no other call, in this process or another, holds the lock. The lock of a process
 * that is gone is taken over, also when another process has its pid by now; that of a holder on
 * another machine, or in another container, after ten minutes.
 *
 * @throws ChurnError LOCK_HELD when another holds it for longer than `waitMillis`;
 *   STORAGE_UNAVAILABLE
 */
export async function withFileLock<T>(lock: FileLock, work: () => Promise<T>): Promise<T> {
  await makeFolder(path.dirname(lock.file));
  const owner = { host: processHost(), pid: process.pid, identity: processIdentity(process.pid) };
  const text = JSON.stringify({ ...owner, id: randomUUID() });
  await acquire(lock, text);
  try {
    return await work();
  } finally {
    if ((await readTextIfThere(lock.file)) === text) await rm(lock.file, { force: true });
  }
}

async function acquire({ file, waitMillis, activity }: FileLock, text: string): Promise<void> {
  const deadline = Date.now() + waitMillis;
  while (!(await tryToCreate(file, text))) {
    const held = await readTextIfThere(file);
    if (held === undefined) continue;
    if ((await isAbandoned(file, held)) && (await removeAbandoned(file, held))) continue;
    if (Date.now() >= deadline) {
      throw new ChurnError('LOCK_HELD', { holder: holderOf(held), activity });
    }
    await delay(POLL_MILLIS);
  }
}

/** The file appears with its content, by a link, so that nobody reads it half written. */
async function tryToCreate(file: string, text: string): Promise<boolean> {
  const own = `${file}.${randomUUID()}`;
  try {
    await writeFile(own, text, { mode: 0o600 });
    await link(own, file);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw asStorageError(error);
  } finally {
    await rm(own, { force: true });
  }
}

async function isAbandoned(file: string, held: string): Promise<boolean> {
  const owner = ownerOf(held);
  const isHere = owner !== undefined && (owner.host ?? processHost()) === processHost();
  if (isHere && processIdentity(owner.pid) === undefined) return true;
  if (isHere && owner.identity !== null) return !isSameProcess(owner.pid, owner.identity);
  const age = await ageOf(file, 'mtimeMs');
  return age !== undefined && age > STALE_AFTER_MILLIS;
}

/**
 * Of several that find the same abandoned lock, the one whose link succeeds removes it.
 *
 * @returns false while another is at it.
 */
async function removeAbandoned(file: string, held: string): Promise<boolean> {
  const mark = `${file}.abandoned`;
  try {
    await link(file, mark);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    if (systemCode(error) !== 'EEXIST') throw asStorageError(error);
    const age = await ageOf(mark, 'ctimeMs');
    if (age !== undefined && age > MARK_STALE_AFTER_MILLIS) await rm(mark, { force: true });
    return false;
  }
  // By now the file may be the lock of another, who was here before.
  if ((await readTextIfThere(mark)) === held) await rm(file, { force: true });
  await rm(mark, { force: true });
  return true;
}

/** How long ago a file was changed, in milliseconds; undefined when it is gone. */
async function ageOf(file: string, time: 'mtimeMs' | 'ctimeMs'): Promise<number | undefined> {
  try {
    return Date.now() - (await stat(file))[time];
  } catch {
    return undefined;
  }
}

/** A pid alone would name a process of this machine, which another machine's holder is not. */
function holderOf(held: string): string {
  const owner = ownerOf(held);
  if (owner === undefined) return 'Another process';
  const isHere = (owner.host ?? processHost()) === processHost();
  return `Process ${owner.pid}${isHere ? '' : ` on ${owner.host}`}`;
}

function ownerOf(held: string): LockOwner | undefined {
  try {
    return (JSON.parse(held) as LockOwner | null) ?? undefined;
  } catch {
    return formerOwnerOf(held);
  }
}

/** The registry's lock of an earlier release: `<host> <pid> <id>`, nothing of when it started. */
function formerOwnerOf(held: string): LockOwner | undefined {
  const [host, pid] = held.split(' ');
  if (!host || !pid) return undefined;
  // This process writes other locks: its pid is that of a process before it.
  const identity = Number(pid) === process.pid ? 'earlier' : null;
  return { host, pid: Number(pid), identity };
}
