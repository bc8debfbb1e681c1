import type { DuckDb } from '../../duckdb';
import { isRawTable, type ImportTable } from '../raw-tables';
import { chooseColumns, type ChooseColumns, type DeclaredProperty } from './choose-columns';
import { describeCsv } from './csv-source';
import { describeJson } from './json-source';
import { listImportFolder, type ListedFile } from './list-import-folder';
import { describeParquet } from './parquet-source';
import { rewrittenFile } from './text/plain-text';
import { listNames, refuse } from './refuse-import';
import type { LoadProgress } from '../load-progress';
import type { FileCompression, FileFormat, SourceFile } from './source-file';
import { findCompression, readStart } from './text/unpack-file';
import { whyUnread } from './text/why-unread';

export interface ImportSources {
  /**
   * A file each, with its table and columns: in the tables' order, and of a table in bytewise order
   * of their paths.
   */
  readonly files: readonly SourceFile[];
  /** Files of rates, by which money in other currencies is converted. */
  readonly rates: readonly SourceFile<'rates'>[];
  /** Files that declare which columns are properties, and what they declare. */
  readonly declarations: readonly SourceFile<'properties'>[];
  readonly declared: readonly DeclaredProperty[];
  /** Files that hold no rows, by what is known of their names, and are not read. */
  readonly companions: readonly string[];
}

interface SourceOptions {
  readonly folder: string;
  readonly scratch: string;
  readonly needsUsers: boolean;
  /** What files of an import folder declare of properties. */
  readonly readDeclarations: (
    duckDb: DuckDb,
    files: readonly SourceFile<'properties'>[],
  ) => Promise<readonly DeclaredProperty[]>;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
}

function linesOf({ table }: ListedFile, { onProgress, signal }: SourceOptions) {
  return (rows: number) => {
    signal?.throwIfAborted();
    if (table !== 'rates' && table !== 'properties')
      onProgress?.({ table, phase: 'reading', rows });
  };
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
  options: SourceOptions,
): Promise<ImportSources> {
  const { folder, scratch } = options;
  const listing = await listImportFolder(folder, options);
  const found: SourceFile<ImportTable>[] = [];
  let declared: readonly DeclaredProperty[] = [];
  // What columns are properties is declared first: the columns of other files are chosen by it.
  for (const isDeclaration of [true, false]) {
    for (const [index, listed] of listing.files.entries()) {
      if ((listed.table === 'properties') !== isDeclaration) continue;
      const ofTable = declared.filter(({ table }) => table === listed.table);
      const choose: ChooseColumns = (offered) =>
        chooseColumns(listed.table, listed.label, offered, ofTable);
      const rewritten = rewrittenFile(scratch, index);
      const watched = { ...listed, onLines: linesOf(listed, options) };
      found.push(await describeFile(duckDb, { listed: watched, rewritten, choose }));
    }
    if (isDeclaration)
      declared = await options.readDeclarations(duckDb, found.filter(isDeclarations));
  }
  requireOneFormat(found);
  return {
    files: found.filter(isOfTable),
    rates: found.filter(isOfRates),
    declarations: found.filter(isDeclarations),
    declared,
    companions: listing.companions,
  };
}

async function describeFile(
  duckDb: DuckDb,
  file: { listed: ListedFile; rewritten: string; choose: ChooseColumns },
): Promise<SourceFile<ImportTable>> {
  const { listed, rewritten, choose } = file;
  const { label } = listed;
  try {
    const compression = await findCompression(listed.file);
    const format = await findFormat(listed, compression);
    if (format === 'csv') return await describeCsv(listed, { compression, rewritten }, choose);
    if (format === 'json') {
      return await describeJson(duckDb, { listed, compression, rewritten }, choose);
    }
    if (compression === 'none') return await describeParquet(duckDb, listed, choose);
    throw refuse(`${label} is Parquet packed with ${compression} as a whole; unpack it`);
  } catch (error) {
    throw whyUnread(label, error);
  }
}

function isOfTable(file: SourceFile<ImportTable>): file is SourceFile {
  return isRawTable(file.table);
}

function isDeclarations(file: SourceFile<ImportTable>): file is SourceFile<'properties'> {
  return file.table === 'properties';
}

function isOfRates(file: SourceFile<ImportTable>): file is SourceFile<'rates'> {
  return file.table === 'rates';
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
