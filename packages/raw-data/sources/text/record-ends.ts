/** `\n`, `\r\n`, `\r`, and what text mode on Windows makes of `\r\n`. */
export type RecordEnd = 'LF' | 'CRLF' | 'CR' | 'CRCRLF';

export interface RecordEnds {
  readonly kinds: ReadonlySet<RecordEnd>;
  /** The line, from 1, whose end is the first that differs from the first one's. */
  readonly firstOtherLine: number | null;
}

/** How the records of a CSV end, line ends inside quotes left out. */
export async function findRecordEnds(
  chunks: AsyncIterable<Buffer>,
  delimiter: string,
): Promise<RecordEnds> {
  const splitter = new RecordSplitter(delimiter);
  for await (const chunk of chunks) splitter.push(chunk);
  splitter.finish();
  return splitter;
}

/** The same CSV with every record ended by a line feed; what is in quotes stays as it is. */
export async function* endRecordsAlike(
  chunks: AsyncIterable<Buffer>,
  delimiter: string,
): AsyncGenerator<Buffer> {
  const splitter = new RecordSplitter(delimiter);
  for await (const chunk of chunks) yield splitter.push(chunk);
  yield splitter.finish();
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;

/** RFC 4180: a quote opens at the start of a field, and two inside are one. */
class RecordSplitter implements RecordEnds {
  readonly kinds = new Set<RecordEnd>();
  firstOtherLine: number | null = null;
  private line = 1;
  private isQuoted = false;
  private mayOpen = true;
  /** Carriage returns outside quotes that wait for what comes after them. */
  private returns = 0;
  private bytes = Buffer.alloc(0);
  private length = 0;

  constructor(private readonly delimiter: string) {}

  /** The bytes, their records ended by line feeds. */
  push(chunk: Buffer): Buffer {
    const delimiter = this.delimiter.charCodeAt(0);
    this.bytes = Buffer.allocUnsafe(chunk.length + 1);
    this.length = 0;
    for (const byte of chunk) {
      if (!this.isQuoted && byte === CARRIAGE_RETURN) this.returns += 1;
      else if (!this.isQuoted && byte === LINE_FEED) this.endWithLineFeed();
      else {
        if (this.returns > 0) this.endRecord('CR');
        this.putValueByte(byte, delimiter);
      }
    }
    return this.bytes.subarray(0, this.length);
  }

  finish(): Buffer {
    this.bytes = Buffer.allocUnsafe(1);
    this.length = 0;
    if (this.returns > 0) this.endRecord('CR');
    return this.bytes.subarray(0, this.length);
  }

  private putValueByte(byte: number, delimiter: number): void {
    if (byte === QUOTE && (this.isQuoted || this.mayOpen)) {
      this.isQuoted = !this.isQuoted;
      // The next one is the second of two, and opens the field again.
      this.mayOpen = true;
    } else {
      if (byte === LINE_FEED) this.line += 1;
      this.mayOpen = byte === delimiter;
    }
    this.put(byte);
  }

  private endWithLineFeed(): void {
    // More than two returns are blank lines, which hold no record.
    this.endRecord(this.returns === 0 ? 'LF' : this.returns === 1 ? 'CRLF' : 'CRCRLF');
  }

  private endRecord(kind: RecordEnd): void {
    if (this.kinds.size > 0 && !this.kinds.has(kind)) this.firstOtherLine ??= this.line;
    this.kinds.add(kind);
    this.line += 1;
    this.returns = 0;
    this.mayOpen = true;
    this.put(LINE_FEED);
  }

  private put(byte: number): void {
    this.bytes[this.length] = byte;
    this.length += 1;
  }
}
