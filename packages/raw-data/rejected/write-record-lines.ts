import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { findRecordLines } from './find-record-lines';
import { readText, type SourceText } from './read-text';

/**
 * Writes the lines of some rows of a text.
 *
 * @param part  `rows`: how many the text has, as it was loaded.
 * @param files  `rows` has the numbers of rows, the first being 1, ascending, one per line; into `lines`
 *   goes CSV without header: label, row, line.
 * @returns false where what is counted here is not what was loaded: no line is better than a wrong one.
 */
export async function writeRecordLines(
  part: { readonly label: string; readonly rows: number; readonly text: SourceText },
  files: { readonly rows: string; readonly lines: string },
): Promise<boolean> {
  // Above the rows of a CSV is its header, and perhaps Excel's `sep=;`.
  for (const above of part.text.format === 'csv' ? [1, 2] : [0]) {
    const records = await writeLines(part, { ...files, above }).catch(() => null);
    if (records === part.rows + above) return true;
  }
  return false;
}

/** @returns how many records the text has. */
async function writeLines(
  { label, text }: { label: string; text: SourceText },
  { rows, lines, above }: { rows: string; lines: string; above: number },
): Promise<number> {
  const quoted = `"${label.replaceAll('"', '""')}"`;
  const ofLines = readNumbers(rows);
  const output = await open(lines, 'w');
  try {
    return await findRecordLines(readText(text), wanted(rows, above), text.format, async (some) => {
      const records = some.map((line) => `${quoted},${Number(ofLines.next().value)},${line}\n`);
      await output.write(records.join(''));
    });
  } finally {
    ofLines.return();
    await output.close();
  }
}

function* wanted(file: string, above: number): Generator<number> {
  for (const row of readNumbers(file)) yield row + above;
}

/** One number per line, a piece of the file at a time. */
function* readNumbers(file: string): Generator<number, void> {
  const descriptor = openSync(file, 'r');
  const buffer = Buffer.alloc(1 << 16);
  let rest = '';
  try {
    for (;;) {
      const length = readSync(descriptor, buffer, 0, buffer.length, null);
      const lines = (rest + buffer.toString('latin1', 0, length)).split('\n');
      rest = length === 0 ? '' : lines.pop()!;
      for (const line of lines) if (line !== '') yield Number(line);
      if (length === 0) return;
    }
  } finally {
    closeSync(descriptor);
  }
}
