import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError } from '../../contracts';
import { sha256OfFile, systemCode } from '../../durable-files';
import type { ModelArtifact, ModelMetadata, ModelVersion } from '../model-documents';

export const versionFiles = {
  model: 'model.json',
  metadata: 'metadata.json',
  sample: 'training_data_sample.parquet',
  manifest: 'manifest.sha256',
} as const;

const VERSION = /^v(\d{3,})$/;

/** 1 → v001, 1000 → v1000. */
export function versionName(number: number): ModelVersion {
  return `v${String(number).padStart(3, '0')}`;
}

export function versionNumber(version: ModelVersion): number {
  return Number(VERSION.exec(version)?.[1] ?? NaN);
}

/** Published versions by number: v1000 comes after v999. Empty without a registry. */
export async function listVersions(modelsDir: string): Promise<ModelVersion[]> {
  const names = await namesIn(modelsDir);
  return names
    .filter((name) => VERSION.test(name))
    .sort((left, right) => versionNumber(left) - versionNumber(right));
}

export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The folder of a version. @throws ChurnError MODEL_NOT_FOUND for a name that is not a version. */
export function versionDirectory(modelsDir: string, version: ModelVersion): string {
  if (!VERSION.test(version)) throw new ChurnError('MODEL_NOT_FOUND', { version });
  return path.join(modelsDir, version);
}

/** `<sha256>  <name>` per file, as sha256sum prints and checks it. */
export function renderManifest(hashes: Readonly<Record<string, string>>): string {
  return Object.entries(hashes)
    .map(([name, hash]) => `${hash}  ${name}\n`)
    .join('');
}

/** File name → SHA-256. */
export function parseManifest(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const match = /^([0-9a-f]{64}) {2}([\w.-]+)$/.exec(line);
      if (!match) throw new RangeError('not a line of a manifest');
      return [match[2]!, match[1]!];
    }),
  );
}

export interface VersionComparison {
  readonly equal: readonly string[];
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly mismatched: readonly string[];
}

/** Compares a version's files with its manifest; an unreadable manifest is reported as missing. */
export async function compareWithManifest(directory: string): Promise<VersionComparison> {
  const names = await namesIn(directory);
  const expected = await readManifest(directory);
  if (!expected) return { equal: [], missing: [versionFiles.manifest], extra: [], mismatched: [] };
  const equal: string[] = [];
  const mismatched: string[] = [];
  const listed = Object.keys(expected);
  for (const name of listed.filter((one) => names.includes(one))) {
    const isSame = (await sha256OfFile(path.join(directory, name))) === expected[name];
    (isSame ? equal : mismatched).push(name);
  }
  const required = [versionFiles.model, versionFiles.metadata, versionFiles.sample];
  return {
    equal,
    mismatched,
    missing: [...new Set([...listed, ...required])].filter(
      (name) => !names.includes(name) || !listed.includes(name),
    ),
    extra: names.filter((name) => !listed.includes(name) && name !== versionFiles.manifest),
  };
}

async function readManifest(directory: string): Promise<Record<string, string> | undefined> {
  try {
    return parseManifest(await readFile(path.join(directory, versionFiles.manifest), 'utf8'));
  } catch (error) {
    if (error instanceof RangeError || systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * @throws ChurnError MODEL_NOT_FOUND when there is no such version, CORRUPT_MODEL when a file is
 *   missing or has other bytes than when it was published.
 */
export async function requireIntact(modelsDir: string, version: ModelVersion): Promise<void> {
  const directory = versionDirectory(modelsDir, version);
  if ((await namesIn(directory)).length === 0) throw new ChurnError('MODEL_NOT_FOUND', { version });
  const { missing, mismatched } = await compareWithManifest(directory);
  if (missing.length > 0) {
    throw new ChurnError('CORRUPT_MODEL', { version, problem: `${missing.join(', ')} is missing` });
  }
  if (mismatched.length > 0) {
    const problem = `${mismatched.join(', ')} does not have the checksum it was published with`;
    throw new ChurnError('CORRUPT_MODEL', { version, problem });
  }
}

/** @throws ChurnError MODEL_NOT_FOUND, CORRUPT_MODEL */
export function readMetadata(modelsDir: string, version: ModelVersion): Promise<ModelMetadata> {
  return readDocument<ModelMetadata>(modelsDir, version, versionFiles.metadata);
}

/** @throws ChurnError MODEL_NOT_FOUND, CORRUPT_MODEL */
export function readArtifact(modelsDir: string, version: ModelVersion): Promise<ModelArtifact> {
  return readDocument<ModelArtifact>(modelsDir, version, versionFiles.model);
}

async function readDocument<T extends { readonly format_version: 1 }>(
  modelsDir: string,
  version: ModelVersion,
  name: string,
): Promise<T> {
  const directory = versionDirectory(modelsDir, version);
  let text: string;
  try {
    text = await readFile(path.join(directory, name), 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    const exists = (await namesIn(directory)).length > 0;
    throw exists
      ? new ChurnError('CORRUPT_MODEL', { version, problem: `${name} is missing` })
      : new ChurnError('MODEL_NOT_FOUND', { version });
  }
  const document = parseJson(text) as Partial<T> | undefined;
  if (document?.format_version !== 1) {
    throw new ChurnError('CORRUPT_MODEL', {
      version,
      problem: `${name} is not valid JSON of format version 1`,
    });
  }
  return document as T;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
