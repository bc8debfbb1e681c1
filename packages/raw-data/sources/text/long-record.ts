const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;

/**
 * The line, from 1, where the first record of a CSV begins that has more fields than its header has
 * names; null where none has. DuckDB passes over such fields where they are empty, and so reads
 * `u1,2024-01-01,pro,plus,` as another row than was meant.
 */
export async function findLongRecord(
  chunks: AsyncIterable<Buffer>,
  options: { delimiter: string; fields: number; linesBefore: number },
): Promise<number | null> {
  const { fields, linesBefore } = options;
  const counter = new FieldCounter(options.delimiter.charCodeAt(0));
  let markLeft = BYTES_OF_MARK;
  for await (const chunk of chunks) {
    for (const byte of chunk) {
      // A byte order mark in front of a quote is no part of the field.
      if (markLeft > 0 && (markLeft -= 1) >= 0 && byte >= 0x80) continue;
      counter.take(byte);
      if (counter.fields > fields && counter.begunAt > linesBefore) return counter.begunAt;
    }
  }
  return null;
}

const BYTES_OF_MARK = 3;

/** Counts the fields of a record as its bytes come. */
class FieldCounter {
  fields = 1;
  /** The line where the record began. */
  begunAt = 1;
  private line = 1;
  private isQuoted = false;
  private mayOpen = true;
  private isAfterReturn = false;

  constructor(private readonly delimiter: number) {}

  take(byte: number): void {
    const isEnd = byte === CARRIAGE_RETURN || byte === LINE_FEED;
    if (isEnd && !(byte === LINE_FEED && this.isAfterReturn)) this.line += 1;
    this.isAfterReturn = byte === CARRIAGE_RETURN;
    if (byte === QUOTE && (this.isQuoted || this.mayOpen)) {
      this.isQuoted = !this.isQuoted;
      // The next one is the second of two, and opens the field again.
      this.mayOpen = true;
    } else if (!this.isQuoted) this.takeOutsideQuotes(byte, isEnd);
  }

  private takeOutsideQuotes(byte: number, isEnd: boolean): void {
    this.mayOpen = isEnd || byte === this.delimiter;
    if (byte === this.delimiter) this.fields += 1;
    if (!isEnd) return;
    this.begunAt = this.line;
    this.fields = 1;
  }
}

/** Whether a line may end with an empty field; without one, DuckDB finds every record that is too long. */
export async function endsWithEmptyField(
  chunks: AsyncIterable<Buffer>,
  delimiter: string,
): Promise<boolean> {
  // Searched for as a whole: looking at the end of each line takes twice as long.
  const ends = ['\n', '\r'].flatMap((end) => [`${delimiter}${end}`, `${delimiter}""${end}`]);
  const hasEnd = (bytes: Buffer) => ends.some((end) => bytes.includes(end, 0, 'latin1'));
  let before: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    // Only what lies across two chunks is copied.
    if (hasEnd(chunk)) return true;
    const seam = Buffer.concat([before, chunk.subarray(0, BYTES_BEFORE_END)]);
    if (hasEnd(seam)) return true;
    before =
      chunk.length < BYTES_BEFORE_END
        ? seam.subarray(-BYTES_BEFORE_END)
        : Buffer.from(chunk.subarray(-BYTES_BEFORE_END));
  }
  const last = before.toString('latin1');
  return last.endsWith(delimiter) || last.endsWith(`${delimiter}""`);
}

/** A delimiter and two quotes. */
const BYTES_BEFORE_END = 3;
