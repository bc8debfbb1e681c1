import { isChurnError } from '../../contracts';
import type { DuckDb } from '../../duckdb';
import type { ImportTable } from '../raw-tables';
import { describeCsv } from './csv-source';
import { describeJson } from './json-source';
import { listImportFolder, type ListedFile } from './list-import-folder';
import { describeParquet } from './parquet-source';
import { rewrittenFile } from './text/plain-text';
import { listNames, refuse } from './refuse-import';
import type { FileCompression, FileFormat, SourceFile } from './source-file';
import { systemCode } from '../../durable-files';
import { findCompression, readStart, whyNotUnpacked } from './text/unpack-file';

export interface ImportSources {
  /**
   * A file each, with its table and columns: in the tables' order, and of a table in bytewise order
   * of their paths.
   */
  readonly files: readonly SourceFile[];
  /** Files of rates, by which money in other currencies is converted. */
  readonly rates: readonly SourceFile<'rates'>[];
  /** Files that hold no rows, by what is known of their names, and are not read. */
  readonly companions: readonly string[];
}

/**
 * Every file of an import folder, its columns found. Texts are read once to their end, because DuckDB
 * takes a packed file that is cut off for a shorter one; those in UTF-16 or with mixed line ends are
 * rewritten into `scratch`.
 *
 * @throws ChurnError INVALID_IMPORT naming the file and column that is missing or not usable, and
 *   every file that is not read.
 */
export async function findSourceFiles(
  duckDb: DuckDb,
  options: { folder: string; scratch: string; needsUsers: boolean },
): Promise<ImportSources> {
  const { folder, scratch } = options;
  const listing = await listImportFolder(folder, options);
  const found: SourceFile<ImportTable>[] = [];
  for (const [index, listed] of listing.files.entries()) {
    found.push(await describeFile(duckDb, listed, rewrittenFile(scratch, index)));
  }
  requireOneFormat(found);
  const files = found.filter(isOfTable);
  const rates = found.filter(isOfRates);
  return { files, rates, companions: listing.companions };
}

async function describeFile(
  duckDb: DuckDb,
  listed: ListedFile,
  rewritten: string,
): Promise<SourceFile<ImportTable>> {
  const { label, file } = listed;
  try {
    const compression = await findCompression(file);
    const format = await findFormat(listed, compression);
    if (format === 'csv') return await describeCsv(listed, compression, rewritten);
    if (format === 'json') return await describeJson(duckDb, { listed, compression, rewritten });
    if (compression === 'none') return await describeParquet(duckDb, listed);
    throw refuse(`${label} is Parquet packed with ${compression} as a whole; unpack it`);
  } catch (error) {
    throw whyUnread(label, error);
  }
}

function isOfTable(file: SourceFile<ImportTable>): file is SourceFile {
  return file.table !== 'rates';
}

function isOfRates(file: SourceFile<ImportTable>): file is SourceFile<'rates'> {
  return file.table === 'rates';
}

function whyUnread(label: string, error: unknown): unknown {
  const damage = whyNotUnpacked(error);
  if (damage !== undefined) return refuse(`${label} ${damage}`, error);
  const code = isChurnError(error) ? undefined : systemCode(error);
  // Of a rewritten file: the disk is full, not the source unreadable.
  const isOfScratch = code === 'ENOSPC' || code === 'EDQUOT';
  return code === undefined || isOfScratch
    ? error
    : refuse(`${label} can't be read (${code})`, error);
}

/** By the content where it is certain, else by the name; a text without an ending is a CSV. */
async function findFormat(
  { file, format }: ListedFile,
  compression: FileCompression,
): Promise<FileFormat> {
  const start = (await readStart(file, compression)).toString('latin1');
  if (start.startsWith('PAR1')) return 'parquet';
  return format ?? (start.trimStart().startsWith('{') ? 'json' : 'csv');
}

/** Files that belong together are of one kind; a second kind is the table said twice. */
function requireOneFormat(files: readonly SourceFile<ImportTable>[]): void {
  for (const file of files) {
    const other = files.find(({ table, format }) => table === file.table && format !== file.format);
    if (other) {
      const both = listNames([other.label, file.label]);
      throw refuse(`${file.table} comes in several formats: ${both}; keep one`);
    }
  }
}
