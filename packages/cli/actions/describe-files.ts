import type { LoadedFile, SourceReport } from '../../raw-data';

/** What was read, and what was not: nothing is left out without a word. */
export function describeFiles({
  files,
  ignored_files: companions,
}: Pick<SourceReport, 'files' | 'ignored_files'>): string[] {
  const tables = [...new Set(files.map(({ table }) => table))];
  const read = tables.map((table) => {
    const own = files.filter((file) => file.table === table);
    const kinds = [...new Set(own.map(describeKind))].join(' and ');
    const [first] = own;
    const which =
      own.length === 1 ? first!.path : `${own.length} files, ${first!.path} to ${own.at(-1)!.path}`;
    return `Read ${table} from ${which} (${kinds}).`;
  });
  return [
    ...read,
    ...describeNames(files, 'Attributes', ({ attributes }) => attributes),
    ...describeNames(files, 'Ignored columns', ({ ignored_columns: columns }) => columns),
    ...(companions.length === 0 ? [] : [`Ignored files: ${listFiles(companions)}.`]),
  ];
}

/** A line for each list of names, with the files that share it. */
function describeNames(
  files: readonly LoadedFile[],
  what: string,
  namesOf: (file: LoadedFile) => readonly string[],
): string[] {
  const filesByNames = new Map<string, string[]>();
  for (const file of files) {
    const found = namesOf(file);
    if (found.length === 0) continue;
    const names = found.join(', ');
    filesByNames.set(names, [...(filesByNames.get(names) ?? []), file.path]);
  }
  return [...filesByNames].map(([names, own]) => `${what}: ${names} (${listFiles(own)}).`);
}

function describeKind({ format, compression }: LoadedFile): string {
  const name = { csv: 'CSV', json: 'JSON', parquet: 'Parquet' }[format];
  return compression === 'none' ? name : `${name}, ${compression}`;
}

const LISTED_FILES_MAX = 5;

function listFiles(files: readonly string[]): string {
  const more = files.length - LISTED_FILES_MAX;
  const listed = files.slice(0, LISTED_FILES_MAX).join(', ');
  return more > 0 ? `${listed} and ${more} more` : listed;
}
