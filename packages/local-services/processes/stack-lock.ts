import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ChurnError } from '../../contracts';
import { asStorageError, systemCode } from '../../durable-files';
import { isSameProcess, processIdentity } from './process-identity';
import { onStorage } from '../on-storage';

interface LockOwner {
  readonly pid: number;
  readonly identity: string;
}

const POLL_MS = 100;

/**
 * Runs work while no other process starts or stops services of this data directory. A lock whose
 * owner is gone is taken over.
 *
 * @throws ChurnError SERVICE_FAILED_TO_START when the other process holds it beyond `waitMs`
 */
export async function withStackLock<T>(
  options: { runDir: string; waitMs: number },
  work: () => Promise<T>,
): Promise<T> {
  onStorage(() => mkdirSync(options.runDir, { recursive: true, mode: 0o700 }));
  const file = path.join(options.runDir, 'stack.lock');
  await acquire(file, options.waitMs);
  try {
    return await work();
  } finally {
    unlinkSync(file);
  }
}

async function acquire(file: string, waitMs: number): Promise<void> {
  const deadline = Date.now() + waitMs;
  while (!tryCreate(file)) {
    const owner = readOwner(file);
    if (owner && !isSameProcess(owner.pid, owner.identity)) removeStale(file, owner);
    else if (Date.now() < deadline) await delay(POLL_MS);
    else throw lockHeld(owner, file);
  }
}

/** The file appears with its content, by a link, so that nobody reads it half written. */
function tryCreate(file: string): boolean {
  const own = `${file}.${process.pid}-${process.hrtime.bigint()}`;
  const owner: LockOwner = { pid: process.pid, identity: processIdentity(process.pid) ?? '' };
  try {
    writeFileSync(own, JSON.stringify(owner), { mode: 0o600 });
    linkSync(own, file);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw asStorageError(error);
  } finally {
    removeIfThere(own);
  }
}

function readOwner(file: string): LockOwner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as LockOwner;
  } catch {
    return undefined;
  }
}

/** Of several that find the same stale lock, the one whose link succeeds removes it. */
function removeStale(file: string, stale: LockOwner): void {
  const marker = `${file}.stale-${stale.pid}-${stale.identity.replaceAll(/\W/g, '')}`;
  try {
    linkSync(file, marker);
  } catch {
    return;
  }
  const marked = readOwner(marker);
  if (marked?.pid === stale.pid && marked.identity === stale.identity) removeIfThere(file);
  removeIfThere(marker);
}

function removeIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Gone already.
  }
}

function lockHeld(owner: LockOwner | undefined, file: string): ChurnError {
  return new ChurnError('SERVICE_FAILED_TO_START', {
    service: 'The stack',
    problem: `process ${owner?.pid ?? '?'} is starting or stopping it and has not finished`,
    log: file,
  });
}
