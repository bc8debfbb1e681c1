import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** A new path in the raw log's folder, where the next mirroring removes what a killed call left. */
export function temporaryPath(rawLogDir: string): string {
  return path.join(rawLogDir, `.${randomUUID()}.tmp`);
}

/** Renamed before it is removed, so that no zombie can publish half of it. */
export async function removeAtOnce(rawLogDir: string, doomed: string): Promise<void> {
  const renamed = temporaryPath(rawLogDir);
  await rename(doomed, renamed);
  await rm(renamed, { recursive: true, force: true });
}
