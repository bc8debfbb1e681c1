import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ChurnError } from '../../contracts';
import { asStorageError, makeFolder, readTextIfThere, systemCode } from '../../durable-files';

const LOCK_FILE = '.lock';
const POLL_MILLIS = 15;
const WAIT_MILLIS_MAX = 120_000;
// A holder on another machine can't be asked whether it lives; publishing takes seconds.
const STALE_AFTER_MILLIS = 10 * 60_000;

/** What this process holds or waits for. */
const ownersHere = new Set<string>();

/**
 * Runs work as the only writer of a registry, across processes: versions are published and aliases
 * moved one at a time. Readers need no lock. The lock of a process that died is taken over.
 *
 * @throws ChurnError STORAGE_UNAVAILABLE when another writer keeps the lock for two minutes.
 */
export async function withRegistryLock<T>(modelsDir: string, work: () => Promise<T>): Promise<T> {
  await makeFolder(modelsDir);
  const lock = path.join(modelsDir, LOCK_FILE);
  const owner = `${hostname()} ${process.pid} ${randomUUID()}`;
  ownersHere.add(owner);
  try {
    await acquire(lock, owner);
    return await work();
  } finally {
    if ((await readTextIfThere(lock)) === owner) await rm(lock, { force: true });
    ownersHere.delete(owner);
  }
}

async function acquire(lock: string, owner: string): Promise<void> {
  for (let waited = 0; waited <= WAIT_MILLIS_MAX; waited += POLL_MILLIS) {
    if (await tryToCreate(lock, owner)) return;
    await removeIfAbandoned(lock);
    await wait(POLL_MILLIS);
  }
  const problem = 'another process holds the lock of the model registry';
  throw new ChurnError('STORAGE_UNAVAILABLE', { problem });
}

async function tryToCreate(lock: string, owner: string): Promise<boolean> {
  try {
    const handle = await open(lock, 'wx');
    await handle.writeFile(owner).finally(() => handle.close());
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw asStorageError(error);
  }
}

async function removeIfAbandoned(lock: string): Promise<void> {
  const owner = await readTextIfThere(lock);
  if (owner === undefined || !(await isAbandoned(lock, owner))) return;
  // Renaming first: of two that found the same dead owner, only one gets to remove it.
  const aside = `${lock}.${randomUUID()}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await readFile(aside, 'utf8');
  if (moved !== owner) await rename(aside, lock);
  else await rm(aside, { force: true });
}

async function isAbandoned(lock: string, owner: string): Promise<boolean> {
  const [host, pid] = owner.split(' ');
  // A container that is started again has the name of the one that died, its process the same pid.
  if (host === hostname() && Number(pid) === process.pid) return !ownersHere.has(owner);
  if (host === hostname() && pid) return !isRunning(Number(pid));
  try {
    return Date.now() - (await stat(lock)).mtimeMs > STALE_AFTER_MILLIS;
  } catch {
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
