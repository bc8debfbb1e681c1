const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
/** A quote opens a field only where one begins. */
const delimiters = new Set([...',;\t|'].map((delimiter) => delimiter.charCodeAt(0)));

/**
 * Finds the lines of a CSV text (RFC 4180) or of JSON lines on which records begin. A record in
 * quotes may go over several lines, and blank lines are none.
 *
 * @param chunks  The text in UTF-8, a part at a time.
 * @param wanted  Numbers of records, the first being 1, ascending.
 * @param onLines  Is given the lines, from 1, on which the wanted records begin, in their order, a few
 *   at a time; those that the text does not have are missing at the end.
 * @returns how many records the text has, its header included.
 */
export async function findRecordLines(
  chunks: AsyncIterable<Buffer>,
  wanted: Iterable<number>,
  format: 'csv' | 'json',
  onLines: (lines: readonly number[]) => void | Promise<void>,
): Promise<number> {
  const reader = new RecordReader(wanted[Symbol.iterator](), format === 'csv');
  for await (const chunk of chunks) {
    reader.read(chunk);
    if (reader.lines.length > 0) await onLines(reader.lines.splice(0));
  }
  return reader.records;
}

class RecordReader {
  records = 0;
  readonly lines: number[] = [];
  private line = 1;
  private isInRecord = false;
  private isQuoted = false;
  private mayOpen = true;
  private lastWasReturn = false;
  private next: number | undefined;

  constructor(
    private readonly wanted: Iterator<number>,
    private readonly hasQuotes: boolean,
  ) {
    this.advance();
  }

  read(chunk: Buffer): void {
    for (const byte of chunk) {
      if (byte === LINE_FEED || byte === CARRIAGE_RETURN) this.endLine(byte);
      else this.readValue(byte);
    }
  }

  private endLine(byte: number): void {
    // The second half of `\r\n` ends no line of its own.
    const isSecondHalf = byte === LINE_FEED && this.lastWasReturn;
    this.lastWasReturn = byte === CARRIAGE_RETURN;
    if (!isSecondHalf) this.line += 1;
    if (this.isQuoted) return;
    this.isInRecord = false;
    this.mayOpen = true;
  }

  private readValue(byte: number): void {
    this.lastWasReturn = false;
    if (!this.isInRecord) this.beginRecord();
    if (byte === QUOTE && this.hasQuotes && (this.isQuoted || this.mayOpen)) {
      this.isQuoted = !this.isQuoted;
      // The next one may be the second of two, which opens the field again.
      this.mayOpen = true;
    } else {
      this.mayOpen = delimiters.has(byte);
    }
  }

  private beginRecord(): void {
    this.isInRecord = true;
    this.records += 1;
    if (this.records !== this.next) return;
    this.lines.push(this.line);
    this.advance();
  }

  private advance(): void {
    const next = this.wanted.next();
    this.next = next.done ? undefined : next.value;
  }
}
