import type { FileCompression } from '../source-file';
import { readStart } from './unpack-file';

const HEADER_BYTES_MAX = 1 << 20;

/** How the fields of a CSV are told apart, and what its header says. */
export interface CsvHeader {
  readonly delimiter: string;
  readonly names: readonly string[];
  /** Lines above the header: Excel's `sep=;`. */
  readonly linesBefore: 0 | 1;
}

const delimiters = [',', ';', '\t', '|'];

/**
 * The column names in the first record of a CSV file (RFC 4180, double quotes), trimmed. The
 * delimiter is the one that a `sep=` line names, or else the one with which the header has every
 * column that `missing` asks for; a comma where none has. Null when the file is empty, and when the first
 * record does not end within a mebibyte or has text after the quotes of a field.
 *
 * @param missing  Which of the columns that must be there are not among the names.
 */
export async function readCsvHeader(
  file: string,
  missing: (names: readonly string[]) => readonly string[],
  compression: FileCompression = 'none',
): Promise<CsvHeader | null> {
  const start = await readStart(file, compression, HEADER_BYTES_MAX);
  const text = start.toString('utf8').replace(/^\uFEFF/, '');
  const isWhole = start.length < HEADER_BYTES_MAX;
  const named = /^"?sep=([^"\w\s]|\t)"?\r*\n/i.exec(text);
  const linesBefore = named ? 1 : 0;
  const header = named ? text.slice(named[0].length) : text;
  const readings = (named ? [named[1]!] : delimiters).flatMap((delimiter): CsvHeader[] => {
    const names = firstRecord(header, delimiter, isWhole);
    return names === null ? [] : [{ delimiter, names, linesBefore }];
  });
  return readings.find(({ names }) => missing(names).length === 0) ?? readings[0] ?? null;
}

function firstRecord(text: string, delimiter: string, isWholeFile: boolean): string[] | null {
  const fields: string[] = [];
  const field = fieldPattern(delimiter);
  let end = delimiter;
  while (end === delimiter) {
    const match = field.exec(text);
    if (!match) return null;
    const [, quoted, plain = ''] = match;
    fields.push((quoted?.replaceAll('""', '"') ?? plain).trim());
    end = match[3] ?? '';
  }
  const isEmpty = fields.length === 1 && fields[0] === '';
  const isCutOff = end === '' && !isWholeFile;
  return isEmpty || isCutOff ? null : fields;
}

/** A field and what ends it, from where the one before ended. */
function fieldPattern(delimiter: string): RegExp {
  const escaped = delimiter.replace(/[-\\|^$.*+?()[\]{}]/, '\\$&');
  return new RegExp(
    `(?:"((?:[^"]|"")*)"|((?!")[^${escaped}\\r\\n]*))(${escaped}|\\r*\\n|\\r+|$)`,
    'y',
  );
}
