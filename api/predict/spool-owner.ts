import { createHash, randomBytes } from 'node:crypto';
import { rename, stat, utimes } from 'node:fs/promises';
import { processHost, processIdentity, systemCode } from '../../packages/durable-files';

/** The process a file of the spool belongs to, as the file's name says. */
export interface SpoolOwner {
  readonly host: string;
  readonly pid: number;
  /** A hash of what tells the process from a later one with its pid. */
  readonly identity: string;
  /** Tells several spools of one process apart. */
  readonly instance: string;
}

/** Of a process on another machine or in another container nobody can ask whether it lives. */
const ELSEWHERE_GONE_AFTER_MS = 60_000;

/** The spools that this process has open. */
const openInstances = new Set<string>();

/** This process, as the owner of one more spool, until `releaseOwner`. */
export function registerOwner(): SpoolOwner {
  const instance = randomBytes(4).toString('hex');
  openInstances.add(instance);
  return { host: thisHost(), pid: process.pid, identity: identityOf(process.pid), instance };
}

export function releaseOwner({ instance }: SpoolOwner): void {
  openInstances.delete(instance);
}

/**
 * Whether an owner has ended. One of another machine counts as gone once its file has not changed
 * for a minute: it may still live, so its spool notices that a file was taken over.
 */
export function isGone(owner: SpoolOwner, fileAgeMs: number): boolean {
  if (owner.host !== thisHost()) return fileAgeMs > ELSEWHERE_GONE_AFTER_MS;
  if (identityOf(owner.pid) !== owner.identity) return true;
  return owner.pid === process.pid && !openInstances.has(owner.instance);
}

/**
 * Takes a file over by renaming it, where its owner is gone.
 *
 * @param newName  The path that it gets; asked for only then.
 * @returns that path; undefined where the owner lives, or another process was quicker.
 * @throws what the file system says
 */
export async function takeFromGone(
  file: string,
  owner: SpoolOwner,
  newName: () => string | Promise<string>,
): Promise<string | undefined> {
  const found = await stat(file).catch(ignoreMissing);
  if (!found || !isGone(owner, Date.now() - found.mtimeMs)) return undefined;
  return renameIfThere(file, await newName());
}

/** @returns the new path; undefined where the file is gone. */
export async function renameIfThere(file: string, newFile: string): Promise<string | undefined> {
  // Before the rename, so that no other machine takes it in between.
  await showsAlive(file);
  return (await rename(file, newFile).catch(ignoreMissing)) === null ? undefined : newFile;
}

export function ignoreMissing(error: unknown): null {
  if (systemCode(error) !== 'ENOENT') throw error;
  return null;
}

/**
 * Makes a file count as just changed, for processes on other machines: its owner lives.
 *
 * @returns false when there is no such file (any more).
 */
export async function showsAlive(file: string): Promise<boolean> {
  const now = new Date();
  return utimes(file, now, now).then(
    () => true,
    (error: unknown) => systemCode(error) !== 'ENOENT',
  );
}

/** As a part of a file's name: without a dot in any of the four. */
export function ownerText({ host, pid, identity, instance }: SpoolOwner): string {
  return [host, pid, identity, instance].join('.');
}

/** Undefined where the text is not what `ownerText` writes. */
export function parseOwner(text: string): SpoolOwner | undefined {
  const match = /^([\w-]+)\.(\d+)\.([0-9a-f]{8}|none)\.([0-9a-f]{8})$/.exec(text);
  if (!match) return undefined;
  const [, host = '', pid, identity = '', instance = ''] = match;
  return { host, pid: Number(pid), identity, instance };
}

function identityOf(pid: number): string {
  const identity = processIdentity(pid);
  if (identity === undefined) return 'none';
  return createHash('sha256').update(identity).digest('hex').slice(0, 8);
}

function thisHost(): string {
  return processHost().replaceAll(/[^\w-]/g, '-') || 'localhost';
}
