import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Dirent } from 'node:fs';
import { systemCode } from '../../durable-files';
import { importTableNames, isRawTable, rawTableNames, type ImportTable } from '../raw-tables';
import { isCompanion, parseImportName, tableOf, whyRefused } from './import-names';
import { listNames, refuse } from './refuse-import';
import type { FileFormat } from './source-file';

export interface ListedFile<Table extends ImportTable = ImportTable> {
  readonly table: Table;
  /** Its path in the import folder, with `/`. */
  readonly label: string;
  readonly file: string;
  /** What its name says; undefined where it does not. */
  readonly format: FileFormat | undefined;
  /**
   * Files of a table that may stand beside each other have the same: the name of their folder, that
   * they are numbered, or the one name itself.
   */
  readonly way: string;
  /** Two files of a table with the same stem are the same file twice. */
  readonly stem: string;
  /** Is told how many lines of a text have been read. */
  readonly onLines?: (lines: number) => void;
}

export interface ImportListing {
  /** In the tables' order; of a table in bytewise order of their labels. */
  readonly files: readonly ListedFile[];
  /** What is known to hold no rows, and is not read: README, .DS_Store, _SUCCESS, … */
  readonly companions: readonly string[];
}

/**
 * Everything that is in an import folder, by what it is: the files of tables, alone, numbered or in a
 * folder of the table's name, and what comes along with an export. The case of names is no matter.
 *
 * @param needsUsers  Whether there must be users among the tables; one of them there must be anyway.
 * @throws ChurnError INVALID_IMPORT naming what is neither, can't be read, or says a table twice, or
 *   what is missing.
 */
export async function listImportFolder(
  folder: string,
  { needsUsers }: { needsUsers: boolean },
): Promise<ImportListing> {
  const listing: { files: ListedFile[]; companions: string[] } = { files: [], companions: [] };
  for (const entry of await entriesOf(folder, '')) {
    const label = entry.name;
    if (entry.isDirectory()) await listTableFolder({ folder, label }, listing);
    else listFile({ folder, label, entry }, listing);
  }
  for (const table of importTableNames) {
    requireOneWay(listing.files.filter((file) => file.table === table));
  }
  const files = importTableNames.flatMap((table) =>
    listing.files.filter((file) => file.table === table),
  );
  if (!files.some(({ table }) => (needsUsers ? table === 'users' : isRawTable(table)))) {
    const others = [...files.map(({ label }) => label), ...listing.companions];
    const rest = others.length === 0 ? 'it is empty' : `it holds ${listNames(others)}`;
    const missing = needsUsers
      ? 'users.csv (or users.parquet) is missing in'
      : `none of ${rawTableNames.join(', ')} is in`;
    throw refuse(`${missing} ${path.basename(folder)}; ${rest}`);
  }
  return { files: files.sort(byTableAndLabel), companions: listing.companions.sort(bytewise) };
}

interface Place {
  readonly folder: string;
  readonly label: string;
}

type OpenListing = { files: ListedFile[]; companions: string[] };

function listFile({ folder, label, entry }: Place & { entry: Dirent }, listing: OpenListing): void {
  if (isCompanion(entry.name, 'file')) return void listing.companions.push(label);
  const { stem, format } = parseImportName(entry.name);
  const found = tableOf(stem);
  if (!found) throw refuse(`${label} is not read: ${whyRefused(entry.name)}`);
  requireFile(label, entry);
  const way = found.isShard ? 'numbered files' : label;
  listing.files.push({
    table: found.table,
    label,
    file: path.join(folder, label),
    format,
    way,
    stem,
  });
}

/** A folder of a table's name: its files are the table, whatever they are called. */
async function listTableFolder({ folder, label }: Place, listing: OpenListing): Promise<void> {
  if (isCompanion(label, 'folder')) return void listing.companions.push(`${label}/`);
  const found = tableOf(parseImportName(label).stem);
  if (!found || found.isShard)
    throw refuse(`the folder ${label} is not read: ${whyRefused(label)}`);
  const { table } = found;
  const before = listing.files.length;
  const visit = async (below: string): Promise<void> => {
    for (const entry of await entriesOf(folder, below)) {
      const inside = `${below}/${entry.name}`;
      const kind = entry.isDirectory() ? 'folder' : 'file';
      if (isCompanion(entry.name, kind)) {
        listing.companions.push(kind === 'folder' ? `${inside}/` : inside);
      } else if (kind === 'folder') {
        requireReadable(table, inside, entry.name);
        await visit(inside);
      } else {
        requireReadable(table, inside, entry.name);
        requireFile(inside, entry);
        const { stem, format } = parseImportName(entry.name);
        const file = path.join(folder, inside);
        const way = `the folder ${label}`;
        listing.files.push({ table, label: inside, file, format, way, stem: `${below}/${stem}` });
      }
    }
  };
  await visit(label);
  if (listing.files.length === before) {
    throw refuse(`the folder ${label} holds no file with rows; finish it or take it out`);
  }
}

const refusedInFolder =
  /^[._]|~$|\.(tmp|temp|part|partial|filepart|crdownload|download|swp|bak|old|orig)$/;
const foreignInFolder =
  /\.(xlsx?|xlsm|xlsb|ods|zip|tar|tgz|7z|rar|bz2|xz|lz4|sz|snappy|br|z|avro|orc|arrow|feather|sqlite3?|db|duckdb|sql|xml|md|pdf)$/;

/** In a folder of a table, a name may be anything but hidden, unfinished, foreign or another table's. */
function requireReadable(table: ImportTable, label: string, name: string): void {
  const lower = name.toLowerCase();
  if (refusedInFolder.test(lower) || foreignInFolder.test(lower)) {
    throw refuse(`${label} is not read: ${whyRefused(name)}`);
  }
  const other = tableOf(parseImportName(name).stem)?.table ?? table;
  if (other !== table) throw refuse(`${label} lies in the folder of another table, ${table}`);
}

async function entriesOf(folder: string, below: string): Promise<Dirent[]> {
  return readdir(path.join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
    throw refuse(`${below || path.basename(folder)} can't be read (${systemCode(error)})`, error);
  });
}

/**
 * What is there and can't be read is not left out: the folder would count as loaded without it. A link
 * is not followed: DuckDB, which reads nothing outside the folder, would not.
 */
function requireFile(label: string, entry: Dirent): void {
  if (entry.isSymbolicLink()) throw refuse(`${label} is a link; put the file itself there`);
  if (!entry.isFile()) throw refuse(`${label} is not a file`);
  if (/[[*?]/.test(label) && label.includes('\\')) {
    throw refuse(`${label} can't be read with a backslash beside [, * or ?; rename it`);
  }
}

/** Numbered files and those of a folder belong together; anything else says a table twice. */
function requireOneWay(files: readonly ListedFile[]): void {
  const byWay = new Map(files.map((file) => [file.way, file]));
  const byStem = new Map<string, ListedFile>();
  for (const file of files) {
    const twin = byStem.get(file.stem);
    if (twin) throw refuse(`${twin.label} and ${file.label} are both there; keep one`);
    byStem.set(file.stem, file);
  }
  if (byWay.size > 1) {
    const labels = [...byWay.values()].map(({ label }) => label).sort(bytewise);
    throw refuse(`${files[0]!.table} comes in several ways: ${listNames(labels)}; keep one`);
  }
}

function byTableAndLabel(left: ListedFile, right: ListedFile): number {
  const tables = importTableNames.indexOf(left.table) - importTableNames.indexOf(right.table);
  return tables || bytewise(left.label, right.label);
}

function bytewise(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
