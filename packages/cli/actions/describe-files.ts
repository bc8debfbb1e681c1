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
  const ignored = new Map<string, string[]>();
  for (const { path: file, ignored_columns: columns } of files) {
    if (columns.length === 0) continue;
    const names = columns.join(', ');
    ignored.set(names, [...(ignored.get(names) ?? []), file]);
  }
  return [
    ...read,
    ...[...ignored].map(([names, own]) => `Ignored columns: ${names} (${listFiles(own)}).`),
    ...(companions.length === 0 ? [] : [`Ignored files: ${listFiles(companions)}.`]),
  ];
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
