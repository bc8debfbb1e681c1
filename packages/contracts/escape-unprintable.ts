/** Controls, separators of lines and what changes the direction of text; joiners are parts of words. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * A text for a message of one line, in which the characters that would move a terminal's cursor, or
 * hide others, are written as `\u{1b}`: names of files and columns may hold any.
 *
 * @param kept  Characters that stay as they are.
 */
export function escapeUnprintable(text: string, kept = ''): string {
  return text.replaceAll(UNPRINTABLE, (character) =>
    kept.includes(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}
