import { quoteFile, quoteIdentifier, quoteLiteral } from '../../duckdb';
import type { ImportTable } from '../raw-tables';
import { missingColumns, type ChooseColumns, type OfferedColumn } from './choose-columns';
import type { ListedFile } from './list-import-folder';
import { endsWithEmptyField, findLongRecord } from './text/long-record';
import { mendRecordEnds, openText, type PlainText } from './text/plain-text';
import { readCsvHeader, type CsvHeader } from './text/read-csv-header';
import { refuse } from './refuse-import';
import type { FileCompression, SourceFile } from './source-file';
import { unpackFile } from './text/unpack-file';

/** A CSV of an import folder, with any of four delimiters; see `openText` for what may be rewritten. */
export async function describeCsv(
  listed: ListedFile,
  { compression, rewritten }: { compression: FileCompression; rewritten: string },
  choose: ChooseColumns,
): Promise<SourceFile<ImportTable>> {
  const { table, label } = listed;
  const missing = (names: readonly string[]) => missingColumns(table, names);
  const opened = await openCsv(listed, { compression, rewritten, missing });
  const columns = choose(offeredBy(opened.header));
  const found = await relationOfCsv(opened, rewritten);
  const rowsAbout = Math.max(0, opened.text.lines - 1);
  return { table, label, format: 'csv', compression, ...found, rowsAbout, ...columns };
}

/** A CSV that was read to its end once, and its header. */
export interface OpenCsv {
  /** What messages call it. */
  readonly label: string;
  readonly text: PlainText;
  readonly header: CsvHeader;
}

/**
 * Reads a CSV once; see `openText` and `readCsvHeader`.
 *
 * @throws ChurnError INVALID_IMPORT
 */
export async function openCsv(
  { label, file, onLines }: Pick<ListedFile, 'label' | 'file' | 'onLines'>,
  options: {
    readonly compression: FileCompression;
    readonly rewritten: string;
    readonly missing: (names: readonly string[]) => readonly string[];
  },
): Promise<OpenCsv> {
  const { compression, rewritten, missing } = options;
  const text = await openText({ label, file, format: 'csv', onLines }, compression, rewritten);
  const header = await readCsvHeader(text.file, missing, text.compression);
  if (header === null)
    throw refuse(
      `${label} has no header line that can be read; it is empty, or its first line has text beside quotes, or no end`,
    );
  return { label, text, header };
}

/**
 * The relation of a CSV's records, every column a text: c0, c1, …, and the file that it reads.
 *
 * @throws ChurnError INVALID_IMPORT for records that end in different ways, or are longer than the header.
 */
export async function relationOfCsv(
  { label, text, header }: OpenCsv,
  rewritten: string,
): Promise<{ relation: string; readsFrom: string }> {
  const { delimiter, names } = header;
  const mended = await mendRecordEnds(text, { label, delimiter, rewritten });
  await requireNoLongRecord(label, mended, header);
  return {
    relation: csvRelation(mended.file, names.length, { ...header, ...mended }),
    readsFrom: mended.file,
  };
}

async function requireNoLongRecord(
  label: string,
  { file, compression }: PlainText,
  { delimiter, names, linesBefore }: CsvHeader,
): Promise<void> {
  if (!(await endsWithEmptyField(unpackFile(file, compression), delimiter))) return;
  const fields = { delimiter, fields: names.length };
  const line = await findLongRecord(unpackFile(file, compression), { ...fields, linesBefore });
  if (line === null) return;
  throw refuse(
    `${label} has more fields at line ${line} than its header, which has ${names.length}; put values that contain the delimiter in double quotes`,
  );
}

function offeredBy(header: CsvHeader): OfferedColumn[] {
  return header.names.map((name, index) => ({
    name,
    identifier: quoteIdentifier(`c${index}`),
    times: 'text',
  }));
}

/** `read_csv` of a file with a header, its columns named c0, c1, … and all of them text. */
export function csvRelation(
  file: string,
  columnCount: number,
  format: Partial<Pick<CsvHeader, 'delimiter' | 'linesBefore'>> & {
    compression?: FileCompression;
  } = {},
): string {
  const { delimiter = ',', linesBefore = 0, compression = 'none' } = format;
  const names = Array.from({ length: columnCount }, (_, index) => `'c${index}': 'VARCHAR'`);
  return `read_csv(${quoteFile(file)}, auto_detect = false, header = true, skip = ${linesBefore},
    delim = ${quoteLiteral(delimiter)}, quote = '"', escape = '"', comment = '',
    null_padding = false, strict_mode = true, hive_partitioning = false,
    compression = '${compression}', columns = {${names.join(', ')}})`;
}
