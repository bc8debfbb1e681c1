/** A 64-bit float gives so many digits back as they were written. */
const EXACT_DIGITS = 15;

/** With so many digits an exponent may be beyond a float, which is 0 then. */
const FAR_EXPONENT = '[eE][+-]?[0-9]{3}';

const decimalsTooLong = Array.from(
  { length: EXACT_DIGITS },
  (_, index) => `[0-9]{${index + 1}}[.][0-9]{${EXACT_DIGITS - index}}`,
);

/** A pattern that JSON with a number for `quoteInexactNumbers` matches; a text in it may, too. */
export const MAY_HOLD_INEXACT_NUMBER = [
  ...decimalsTooLong,
  `[0-9]{${EXACT_DIGITS + 1}}[eE]`,
  `[0-9]${FAR_EXPONENT}`,
].join('|');

/**
 * The same JSON with what is written for a number as a string, where DuckDB would take the nearest
 * 64-bit float for it: 29.330000000000000001 would be a price in whole cents. Integers are exact.
 *
 * @param chunks  JSON in UTF-8, a part at a time.
 */
export async function* quoteInexactNumbers(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const quoter = new NumberQuoter();
  for await (const chunk of chunks) yield quoter.push(chunk);
  yield quoter.finish();
}

class NumberQuoter {
  private isInString = false;
  private isEscaped = false;
  /** What there is of a number, which may go on in the next chunk. */
  private number = '';

  push(chunk: Buffer): Buffer {
    let written = '';
    // A character for each byte: what is looked at is ASCII, the rest stays as it is.
    for (const character of chunk.toString('latin1')) {
      if (!this.isInString && this.isOfNumber(character)) {
        this.number += character;
        continue;
      }
      written += this.endNumber() + character;
      this.follow(character);
    }
    return Buffer.from(written, 'latin1');
  }

  finish(): Buffer {
    return Buffer.from(this.endNumber(), 'latin1');
  }

  private isOfNumber(character: string): boolean {
    return this.number === '' ? /[-0-9]/.test(character) : /[-+.0-9eE]/.test(character);
  }

  private endNumber(): string {
    const { number } = this;
    if (number === '') return '';
    this.number = '';
    return isInexact(number) ? `"${number}"` : number;
  }

  private follow(character: string): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (this.isInString && character === '\\') this.isEscaped = true;
    else if (character === '"') this.isInString = !this.isInString;
  }
}

const INEXACT = new RegExp(FAR_EXPONENT);

function isInexact(number: string): boolean {
  if (/^-?[0-9]+$/.test(number)) return false;
  const digits = number.replace(/[eE].*$/, '').replaceAll(/[-.]/g, '');
  return digits.length > EXACT_DIGITS || INEXACT.test(number);
}
