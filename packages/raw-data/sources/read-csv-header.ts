import { open } from 'node:fs/promises';

const HEADER_BYTES_MAX = 1 << 20;

/**
 * The column names in the first record of a CSV file (RFC 4180, comma, double quotes), trimmed;
 * null when the file is empty or its first record does not end within a mebibyte.
 */
export async function readCsvHeader(file: string): Promise<string[] | null> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES_MAX), 0);
    const text = buffer
      .subarray(0, bytesRead)
      .toString('utf8')
      .replace(/^\uFEFF/, '');
    return firstRecord(text, bytesRead < HEADER_BYTES_MAX);
  } finally {
    await handle.close();
  }
}

function firstRecord(text: string, isWholeFile: boolean): string[] | null {
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\r|$)/y;
  for (;;) {
    const match = field.exec(text);
    if (!match) return null;
    const [, quoted, plain = '', end = ''] = match;
    fields.push((quoted?.replaceAll('""', '"') ?? plain).trim());
    if (end === ',') continue;
    const isEmpty = fields.length === 1 && fields[0] === '';
    const isCutOff = end === '' && !isWholeFile;
    return isEmpty || isCutOff ? null : fields;
  }
}
