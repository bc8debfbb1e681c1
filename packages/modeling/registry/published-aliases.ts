import { rename } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError, isChurnError } from '../../contracts';
import { asStorageError, readTextIfThere, syncToDisk, writeDurably } from '../../durable-files';
import type { ModelAliases } from '../model-documents';

const ALIASES_FILE = 'aliases.json';

export const noAliases: ModelAliases = { champion: null, challenger: null, previous: null };

/** The copy of the aliases that is read without Postgres. */
export interface PublishedAliases {
  /**
   * The number of the event since which they are in force; 0 where nothing was published, or by an
   * earlier release. A reader that has seen a greater one keeps what it has.
   */
  readonly event: number;
  readonly aliases: ModelAliases;
  /** Whether an earlier release wrote them, which kept the truth in files. */
  readonly isFormer: boolean;
}

const nothingPublished: PublishedAliases = { event: 0, aliases: noAliases, isFormer: false };

/** aliases.json, as far as both formats have it. */
interface AliasesDocument extends ModelAliases {
  readonly format_version: 1 | 2;
  readonly event?: number;
}

/** @throws ChurnError CORRUPT_FILE */
export async function readPublishedAliases(modelsDir: string): Promise<PublishedAliases> {
  const text = await readTextIfThere(path.join(modelsDir, ALIASES_FILE));
  if (text === undefined) return nothingPublished;
  const document = parse(text);
  if (!document) {
    const file = path.join(path.basename(modelsDir), ALIASES_FILE);
    throw new ChurnError('CORRUPT_FILE', { path: file, problem: 'it does not hold aliases' });
  }
  const { champion, challenger, previous, event = 0 } = document;
  return {
    event,
    aliases: { champion, challenger, previous },
    isFormer: document.format_version === 1,
  };
}

export async function readAliases(modelsDir: string): Promise<ModelAliases> {
  return (await readPublishedAliases(modelsDir)).aliases;
}

/** For whoever has the truth: a damaged copy counts as none, and is then replaced. */
export async function readReplaceableAliases(modelsDir: string): Promise<PublishedAliases> {
  try {
    return await readPublishedAliases(modelsDir);
  } catch (error) {
    if (isChurnError(error) && error.code === 'CORRUPT_FILE') return nothingPublished;
    throw error;
  }
}

function parse(text: string): AliasesDocument | undefined {
  try {
    const document = JSON.parse(text) as Partial<AliasesDocument> | null;
    const isKnown = document?.format_version === 1 || Number.isInteger(document?.event);
    return isKnown ? { ...noAliases, ...(document as AliasesDocument) } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes the next copy beside the present one, so that a disk that is full or not writable shows
 * itself before anything has changed.
 *
 * @throws ChurnError STORAGE_UNAVAILABLE
 */
export async function stageAliases(
  staged: string,
  { event, aliases }: Pick<PublishedAliases, 'event' | 'aliases'>,
): Promise<void> {
  const { champion, challenger, previous } = aliases;
  const document = { format_version: 2, event, champion, challenger, previous };
  await writeDurably(staged, `${JSON.stringify(document, null, 2)}\n`).catch((error: unknown) => {
    throw asStorageError(error);
  });
}

/** A reader sees the copy before or this one. */
export async function publishStagedAliases(modelsDir: string, staged: string): Promise<void> {
  await rename(staged, path.join(modelsDir, ALIASES_FILE));
  await syncToDisk(modelsDir);
}
