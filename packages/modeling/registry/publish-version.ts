import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { asStorageError, publishFolder, sha256OfFile, writeDurably } from '../../durable-files';
import type { ModelArtifact, ModelMetadata, ModelVersion } from '../model-documents';
import {
  listVersions,
  namesIn,
  renderManifest,
  versionFiles,
  versionName,
  versionNumber,
} from './version-directory';

const STAGING_PREFIX = '.staging-';
const READ_ONLY = 0o444;

/** A hidden name of its own for what is not published yet; a crash leaves it to `removeStaleStaging`. */
export function stagingIn(modelsDir: string): string {
  return path.join(modelsDir, `${STAGING_PREFIX}${randomUUID()}`);
}

export interface VersionContent {
  readonly artifact: ModelArtifact;
  /** All of metadata.json but the version, which is known only once it is allocated. */
  readonly metadata: Omit<ModelMetadata, 'model_version'>;
  /** Writes the Parquet file at the path given. */
  readonly writeSample: (file: string) => Promise<void>;
}

export interface PublishedVersion {
  readonly version: ModelVersion;
  readonly metadata: ModelMetadata;
}

/**
 * Publishes a version: everything is written and fsynced in a staging folder, then one rename both
 * allocates the number and makes the version visible, complete. A rename onto a published version
 * fails, because its folder is not empty; the next number is then tried.
 *
 * `taken` are versions that existed, also if someone deleted them: their numbers are not used again.
 * Files become read-only; the folder stays writable so that an installation can be deleted.
 *
 * @throws ChurnError STORAGE_UNAVAILABLE when the disk is full or not writable.
 */
export async function publishVersion(
  modelsDir: string,
  content: VersionContent,
  taken: Iterable<ModelVersion> = [],
): Promise<PublishedVersion> {
  const staging = stagingIn(modelsDir);
  try {
    await mkdir(staging, { recursive: true });
    await writeDurably(path.join(staging, versionFiles.model), renderJson(content.artifact));
    await content.writeSample(path.join(staging, versionFiles.sample));
    return await allocate(modelsDir, staging, content, taken);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw asStorageError(error);
  }
}

async function allocate(
  modelsDir: string,
  staging: string,
  content: VersionContent,
  taken: Iterable<ModelVersion>,
): Promise<PublishedVersion> {
  for (;;) {
    const known = [...taken, ...(await listVersions(modelsDir))].map(versionNumber);
    const version = versionName(Math.max(0, ...known) + 1);
    const metadata = withVersion(content.metadata, version);
    await completeStaging(staging, metadata);
    if (await publishFolder(staging, path.join(modelsDir, version))) return { version, metadata };
  }
}

/** Writes what depends on the version, and the checksums; may be called again for the next one. */
async function completeStaging(staging: string, metadata: ModelMetadata): Promise<void> {
  const { model, metadata: metadataFile, sample, manifest } = versionFiles;
  const at = (name: string) => path.join(staging, name);
  await rm(at(metadataFile), { force: true });
  await rm(at(manifest), { force: true });
  await writeDurably(at(metadataFile), renderJson(metadata));
  const hashes: Record<string, string> = {};
  for (const name of [metadataFile, model, sample]) hashes[name] = await sha256OfFile(at(name));
  await writeDurably(at(manifest), renderManifest(hashes));
  for (const name of [metadataFile, model, sample, manifest]) await chmod(at(name), READ_ONLY);
}

function withVersion(
  metadata: Omit<ModelMetadata, 'model_version'>,
  version: ModelVersion,
): ModelMetadata {
  const { format_version, model_name, ...rest } = metadata;
  return { format_version, model_name, model_version: version, ...rest };
}

/** Two spaces and a final newline: readable, and the same value always gives the same bytes. */
export function renderJson(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Removes what crashed publications left. The caller holds the registry's lock, so none is alive. */
export async function removeStaleStaging(modelsDir: string): Promise<void> {
  for (const name of await namesIn(modelsDir)) {
    if (!name.startsWith(STAGING_PREFIX)) continue;
    await rm(path.join(modelsDir, name), { recursive: true, force: true });
  }
}
