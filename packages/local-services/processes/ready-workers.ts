import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DataPaths } from '../../config';
import { isAlive, processHost } from '../../durable-files';

/** A worker that polls its queues, as it says itself in a file of its own, which it touches all the time. */
export interface ReadyWorker {
  readonly pid: number;
  /** Tells its process from a later one with the same pid. */
  readonly identity: string | null;
  /** The layout of the data directory that it knows; a release with another one looks at it. */
  readonly data_layout: number;
}

type Paths = Pick<DataPaths, 'run'>;

/**
 * The file of one worker. Several may share a data directory, from containers or machines of their own
 * too, where pids mean something else: the name has the host's, by `processHost`.
 */
export function readyWorkerFile(paths: Paths, pid: number): string {
  return path.join(folderOf(paths), `${processHost()}-${pid}.json`);
}

/** How often a worker touches its file, from its event loop. */
export const TOUCHED_EVERY_MILLIS = 5_000;

/** One that has not for so long hangs: it has missed the heartbeats of its steps by then, too. */
const SILENT_AFTER_MILLIS = 30_000;

/** The workers of this host that poll, also those that hang. */
export function readyWorkers(paths: Paths): ReadyWorker[] {
  return filesOf(paths).flatMap((file) => livingWorker(file) ?? []);
}

/** Those of them that have shown within 30 seconds that they do not hang. */
export function answeringWorkers(paths: Paths): ReadyWorker[] {
  const isFresh = (file: string) => {
    const touchedAt = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return Date.now() - touchedAt < SILENT_AFTER_MILLIS;
  };
  return filesOf(paths).flatMap((file) => (isFresh(file) && livingWorker(file)) || []);
}

/** Removes the files that killed workers of this host left. */
export function removeDeadWorkers(paths: Paths): void {
  for (const file of filesOf(paths)) if (!livingWorker(file)) rmSync(file, { force: true });
}

function folderOf({ run }: Paths): string {
  return path.join(run, 'ready-workers');
}

function filesOf(paths: Paths): string[] {
  const folder = folderOf(paths);
  try {
    return readdirSync(folder)
      .filter(isOfThisHost)
      .map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

/** The name of another host may begin with this one's, as `churn-2` does with `churn`. */
function isOfThisHost(name: string): boolean {
  const host = `${processHost()}-`;
  return name.startsWith(host) && /^\d+\.json$/.test(name.slice(host.length));
}

function livingWorker(file: string): ReadyWorker | undefined {
  try {
    const ready = JSON.parse(readFileSync(file, 'utf8')) as ReadyWorker;
    return isAlive(ready.pid, ready.identity) ? ready : undefined;
  } catch {
    return undefined;
  }
}
