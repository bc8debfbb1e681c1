import { createReadStream } from 'node:fs';
import { link, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import {
  asStorageError,
  linkInPlaceOf,
  makeFolder,
  readTextIfThere,
  replaceDurably,
  syncToDisk,
  systemCode,
} from '../../durable-files';
import type { EpochMicros } from '../../instants';
import type { UsedRate } from '../values/conversion-sql';
import { stateOf, type FileState } from './cleaning-key';

/** Where cleaned files are kept until their load succeeds, and which. */
export interface KeepingOptions {
  readonly folder: string;
  /** All of them together; with 0, none is kept. */
  readonly megabytesMax: number;
  /** Smaller sources are cleaned in no time, and are not kept. Default: 8 MiB. */
  readonly sourceBytesMin?: number;
  /** Of a kept file. Default: 491,520, four row groups. */
  readonly rowsPerFile?: number;
}

/** Cleaned rows that follow each other in their source. */
export interface CleanedFile {
  readonly file: string;
  readonly rows: number;
  /**
   * Cleaning at another moment gives the same if it is not before `validFrom`, and before `validBefore`:
   * then the first row stops being in the future. Null: there is no such end.
   */
  readonly validFrom: EpochMicros | null;
  readonly validBefore: EpochMicros | null;
}

/** The cleaned files of one source, from its first row on. */
export interface RestoredFiles {
  readonly files: readonly CleanedFile[];
  /** Whether they are all that the source has. */
  readonly isWhole: boolean;
  /** Undefined where nothing is kept. */
  readonly usedRates: readonly UsedRate[] | undefined;
}

interface KeptFile {
  readonly name: string;
  readonly rows: number;
  readonly crc32: number;
  readonly valid_from: string | null;
  readonly valid_before: string | null;
}

interface KeptManifest {
  readonly format_version: typeof FORMAT_VERSION;
  readonly is_whole: boolean;
  readonly used_rates: readonly UsedRate[];
  readonly files: readonly KeptFile[];
}

const FORMAT_VERSION = 1;
const MANIFEST = 'manifest.json';
const AGE_DAYS_MAX = 7;
const MILLIS_PER_DAY = 24 * 60 * 60_000;
const BYTES_PER_MEGABYTE = 1_000_000;

/** The folder of kept files during one load. */
export interface KeptFolder extends KeepingOptions {
  /** What the load may still keep. */
  readonly room: { bytes: number };
}

/** Removes what is older than a week, and the oldest of what is more than may be kept. */
export async function openKeptFolder(options: KeepingOptions): Promise<KeptFolder> {
  const { folder, megabytesMax } = options;
  const entries: { name: string; bytes: number; changed: number }[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const { bytes, changed } = await measure(path.join(folder, name));
    entries.push({ name, bytes, changed });
  }
  entries.sort((left, right) => right.changed - left.changed);
  let kept = 0;
  for (const { name, bytes, changed } of entries) {
    const isOld = Date.now() - changed > AGE_DAYS_MAX * MILLIS_PER_DAY;
    const isTooMuch = kept + bytes > megabytesMax * BYTES_PER_MEGABYTE;
    if (isOld || isTooMuch) await rm(path.join(folder, name), { recursive: true, force: true });
    else kept += bytes;
  }
  return { ...options, room: { bytes: megabytesMax * BYTES_PER_MEGABYTE - kept } };
}

async function measure(folder: string): Promise<{ bytes: number; changed: number }> {
  let [bytes, changed] = [0, 0];
  for (const name of await readdir(folder).catch(() => [])) {
    const found = await stat(path.join(folder, name)).catch(() => undefined);
    bytes += found?.size ?? 0;
    changed = Math.max(changed, found?.mtimeMs ?? 0);
  }
  return { bytes, changed };
}

/**
 * What is kept of one source under one key. Nothing is made before something is kept. Two loads of the
 * same files may use one entry at the same time: each has its own names for the files that it reads,
 * and of two manifests the last one counts.
 */
export class KeptEntry {
  private readonly folder: string;
  private files: KeptFile[] = [];
  private usedRates: readonly UsedRate[] = [];
  private isWhole = false;
  /** False as soon as something could not be kept: what comes after it would have a gap before it. */
  private isOpen = true;

  /** @param source  A source that is changed while it is cleaned is not what its key says. */
  constructor(
    private readonly keeping: KeptFolder,
    key: string,
    private readonly source: { readonly file: string; readonly state: FileState },
  ) {
    this.folder = path.join(keeping.folder, key);
  }

  /**
   * Gives the kept files names in `into`, which nobody else removes; those from the first on that is
   * damaged or not valid at `now` are left out.
   */
  async restore(into: string, now: EpochMicros | null): Promise<RestoredFiles> {
    const manifest = await readManifest(this.folder);
    if (manifest === undefined) return { files: [], isWhole: false, usedRates: undefined };
    const files: CleanedFile[] = [];
    for (const kept of manifest.files) {
      const { name, rows } = kept;
      const validFrom = kept.valid_from === null ? null : BigInt(kept.valid_from);
      const validBefore = kept.valid_before === null ? null : BigInt(kept.valid_before);
      const file = path.join(into, name);
      if (!isValidAt(now, { validFrom, validBefore })) break;
      if (!(await linkIfThere(path.join(this.folder, name), file))) break;
      if ((await checksumOf(file)) !== kept.crc32) break;
      files.push({ file, rows, validFrom, validBefore });
    }
    this.files = manifest.files.slice(0, files.length);
    this.usedRates = manifest.used_rates;
    this.isWhole = manifest.is_whole && files.length === manifest.files.length;
    return { files, isWhole: this.isWhole, usedRates: this.usedRates };
  }

  /** Keeps the file that follows those restored or kept before. */
  async keep(cleaned: CleanedFile, usedRates: readonly UsedRate[]): Promise<void> {
    if (!(await this.mayKeep(cleaned.file))) return;
    const { file, rows, validFrom, validBefore } = cleaned;
    const checksum = await checksumOf(file);
    const first = this.files.reduce((sum, kept) => sum + kept.rows, 1);
    const name = `${first}-${checksum.toString(16)}.parquet`;
    this.usedRates = usedRates;
    this.files.push({
      name,
      rows,
      crc32: checksum,
      valid_from: validFrom?.toString() ?? null,
      valid_before: validBefore?.toString() ?? null,
    });
    await unlessRemoved(async () => {
      await makeFolder(this.folder);
      await syncToDisk(file);
      await linkInPlaceOf(path.join(this.folder, name), file);
      await this.writeManifest();
    });
  }

  /** Says that the source has no more rows than those kept. */
  async finish(): Promise<void> {
    if (!this.isOpen) return;
    this.isWhole = true;
    await unlessRemoved(() => this.writeManifest());
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  private async mayKeep(file: string): Promise<boolean> {
    if (!this.isOpen) return false;
    const now = await stateOf(this.source.file);
    const { bytes, modified } = this.source.state;
    const isChanged = now.bytes !== bytes || now.modified !== modified;
    if (isChanged) await this.remove();
    const { bytes: size } = await stateOf(file);
    this.isOpen = !isChanged && size <= this.keeping.room.bytes;
    if (this.isOpen) this.keeping.room.bytes -= size;
    return this.isOpen;
  }

  private async writeManifest(): Promise<void> {
    const manifest: KeptManifest = {
      format_version: FORMAT_VERSION,
      is_whole: this.isWhole,
      used_rates: this.usedRates,
      files: this.files,
    };
    await replaceDurably(
      path.join(this.folder, MANIFEST),
      `${JSON.stringify(manifest, null, 2)}\n`,
    );
  }
}

/** Another load of the same files may have succeeded, and removed what both had kept. */
async function unlessRemoved(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw asStorageError(error);
  }
}

function isValidAt(
  now: EpochMicros | null,
  { validFrom, validBefore }: Pick<CleanedFile, 'validFrom' | 'validBefore'>,
): boolean {
  if (now === null) return true;
  return (validFrom === null || validFrom <= now) && (validBefore === null || now < validBefore);
}

/** What can't be understood counts as nothing. */
async function readManifest(folder: string): Promise<KeptManifest | undefined> {
  try {
    const text = await readTextIfThere(path.join(folder, MANIFEST));
    const manifest = text === undefined ? undefined : (JSON.parse(text) as KeptManifest);
    return manifest?.format_version === FORMAT_VERSION ? manifest : undefined;
  } catch {
    return undefined;
  }
}

async function linkIfThere(kept: string, name: string): Promise<boolean> {
  try {
    await link(kept, name);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw asStorageError(error);
  }
}

/** Tells what was damaged on the disk; the files are as trustworthy as the folder that they lie in. */
async function checksumOf(file: string): Promise<number> {
  let checksum = 0;
  const chunks: AsyncIterable<Buffer> = createReadStream(file, { highWaterMark: 1 << 20 });
  for await (const chunk of chunks) checksum = crc32(chunk, checksum);
  return checksum;
}
