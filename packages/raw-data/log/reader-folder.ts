import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { perTable, rawTableNames, type PerTable } from '../raw-tables';
import type { RawSegment } from './raw-segment';

/** Readers have names of their own for what they read, each in a folder of its own here. */
const READERS = '.readers';
/** No reader reads for so long: what is older was left by a killed one. */
const LEFTOVER_MILLIS = 48 * 60 * 60_000;

/** The segments of a raw log under names that only this reader has. */
export interface ReaderFolder {
  readonly segments: PerTable<readonly RawSegment[]>;
  remove(): Promise<void>;
}

/**
 * Gives a reader names of its own for segments: hard links, so that they stay readable when a merge
 * by whichever process removes the segments. The segments must not be removed meanwhile.
 */
export async function makeReaderFolder(
  rawLogDir: string,
  segments: PerTable<readonly RawSegment[]>,
): Promise<ReaderFolder> {
  const folder = path.join(rawLogDir, READERS, randomUUID());
  const remove = () => rm(folder, { recursive: true, force: true });
  const ownName = (file: string) => path.join(folder, path.relative(rawLogDir, file));
  const files = rawTableNames.flatMap((table) => segments[table].map(({ file }) => file));
  try {
    const folders = new Set([folder, ...files.map((file) => path.dirname(ownName(file)))]);
    for (const each of folders) await mkdir(each, { recursive: true });
    await Promise.all(files.map((file) => link(file, ownName(file))));
  } catch (error) {
    await remove();
    throw error;
  }
  const own = perTable((table) =>
    segments[table].map((segment) => ({ ...segment, file: ownName(segment.file) })),
  );
  return { segments: own, remove };
}

/** A path with a reader's name of a segment, as the segment's own, for those who are told of it. */
export function withoutReaderFolder(file: string): string {
  return file.replace(/(^|\/)\.readers\/[0-9a-f-]{36}\//, '$1');
}

export async function removeAbandonedReaders(rawLogDir: string): Promise<void> {
  const readers = path.join(rawLogDir, READERS);
  const names = await readdir(readers).catch(() => []);
  for (const name of names) {
    const folder = path.join(readers, name);
    const found = await stat(folder).catch(() => undefined); // Its reader may be removing it.
    if (!found || Date.now() - found.mtimeMs < LEFTOVER_MILLIS) continue;
    await rm(folder, { recursive: true, force: true });
  }
}
