import {
  closeSync,
  fchmodSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

/** A log is at most about as large, and so is what was set aside of it. */
export const LOG_BYTES_MAX = 16 * 1024 * 1024;
const COPY_BYTES = 1024 * 1024;

/** Opens the log of a process for appending; what is in it is set aside first if it is large. */
export function openLog(file: string): number {
  mkdirSync(path.dirname(file), { recursive: true });
  if (sizeOf(file) > LOG_BYTES_MAX) renameSync(file, asideOf(file));
  return openSync(file, 'a', 0o600);
}

/**
 * Moves what is in a large log to `FILE.1` and leaves the log empty, while its process goes on writing:
 * it appends, so that its next line is the first. A line written at that very moment can get lost.
 *
 * @returns whether the log was large
 */
export function rotateLog(file: string, bytesMax = LOG_BYTES_MAX): boolean {
  if (sizeOf(file) <= bytesMax) return false;
  const log = openSync(file, 'r+');
  const temporary = `${asideOf(file)}.new`;
  const aside = openSync(temporary, 'w', 0o600);
  try {
    fchmodSync(aside, 0o600);
    const buffer = Buffer.alloc(COPY_BYTES);
    let at = 0;
    for (let read = -1; read !== 0; at += read) {
      read = readSync(log, buffer, 0, buffer.length, at);
      writeSync(aside, buffer, 0, read);
    }
    renameSync(temporary, asideOf(file));
    ftruncateSync(log, 0);
    return true;
  } finally {
    closeSync(log);
    closeSync(aside);
  }
}

const asideOf = (file: string) => `${file}.1`;

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
