import { mkdtempSync, readdirSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import path from 'node:path';
import { isDeep } from './depth';

const PREFIX = 'churn-test-run-';

/** A file system in memory that Linux has. */
const MEMORY = '/dev/shm';

/** Several times as much as a run of all tests, two at a time, has there. */
const ROOM_BYTES = 3 * 2 ** 30;

/**
 * Makes the folder of this run, whose name has this process's id, so that a later run can tell what
 * a killed one left behind. It is in memory where that has room: tests write and remove so many small
 * files that a disk costs a fifth more. A TMPDIR that is set is used, and in depth, where tests
 * write much, the disk is.
 */
export function makeRunFolder(): string {
  return mkdtempSync(path.join(scratchRoot(), `${PREFIX}${process.pid}-`));
}

function scratchRoot(): string {
  return process.env.TMPDIR || isDeep || !hasRoomInMemory() ? tmpdir() : MEMORY;
}

function hasRoomInMemory(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    // What is written there is memory that is no longer free: as much again must be left.
    return bavail * bsize >= ROOM_BYTES && freemem() >= 2 * ROOM_BYTES;
  } catch {
    return false;
  }
}

/** The folders of runs whose process is gone. */
export function foldersOfDeadRuns(): string[] {
  return [...new Set([tmpdir(), MEMORY])].flatMap((root) =>
    namesIn(root)
      .filter((name) => {
        const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : NaN;
        return Number.isInteger(pid) && !isAlive(pid);
      })
      .map((name) => path.join(root, name)),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
