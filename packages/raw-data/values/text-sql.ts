import { quoteLiteral } from '../../duckdb';

/** What `String.prototype.trim` takes away: header names are trimmed by it, and values alike. */
const BLANKS =
  '\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff';

/** SQL for a text that is no name, without the blanks around it. */
export function trimmedSql(text: string): string {
  // Nearly every value begins and ends with a plain character: seeing that costs a twelfth of trim().
  const isPlain = (character: string) => `${character} >= '!' AND ${character} < chr(127)`;
  return `CASE WHEN ${isPlain(text)} AND ${isPlain(`${text}[-1]`)} THEN ${text}
    ELSE trim(${text}, ${quoteLiteral(BLANKS)}) END`;
}

/**
 * Texts that stand for a missing value in the exports of pandas, MySQL, Postgres and Snowflake.
 * Compared exactly, because `Null` and `none` may be names.
 */
const nullWords = ['NULL', 'null', '\\N', 'NaN', 'nan', 'None', '<NA>', 'N/A', 'n/a', '#N/A'];

/** These may be names and ids (NA is Namibia), but never times, amounts or currencies. */
const nullWordsOfNumbers = [...nullWords, 'NA', 'NaT'];

/**
 * SQL for a trimmed text, or null where it is empty or a word for a missing value.
 *
 * @param words  `names`: the text may be a name or an id. `numbers`: it can be neither.
 */
export function presentSql(trimmed: string, words: 'names' | 'numbers'): string {
  const absent = words === 'names' ? nullWords : nullWordsOfNumbers;
  // DuckDB makes a join of an IN with so many texts: a hundred columns would take gigabytes.
  return `CASE WHEN NOT list_contains(['', ${quoteTexts(absent)}], ${trimmed}) THEN ${trimmed} END`;
}

function quoteTexts(texts: readonly string[]): string {
  return texts.map(quoteLiteral).join(', ');
}

/** Control, format and private characters, and every space but the plain one. */
const UNPRINTABLE = String.raw`\p{C}|[^ \PZ]`;

/** Stands for any trimmed text that holds such a character. */
const UNPRINTED = '\u0007';

/**
 * SQL for a name or id without the blanks around it; one that does not print is another such text.
 * Looking for these characters costs most of cleaning a text, and finds every blank but the plain one:
 * a text without any need not be looked through again.
 */
export function trimmedNameSql(text: string): string {
  const hasAny = (value: string) => `regexp_matches(${value}, '${UNPRINTABLE}')`;
  const trimmed = `trim(${text}, ${quoteLiteral(BLANKS)})`;
  return `CASE WHEN ${text} LIKE ' %' OR ${text} LIKE '% ' OR ${hasAny(text)}
    THEN CASE WHEN ${hasAny(trimmed)} THEN ${quoteLiteral(UNPRINTED)} ELSE ${trimmed} END
    ELSE ${text} END`;
}

/** A SQL condition on a column of `trimmedNameSql` that is not empty: 1 to 128 characters, or as many, that print. */
export function isPrintableSql(column: string, charactersMax = 128): string {
  return `(length(${column}) <= ${charactersMax} AND ${column} <> ${quoteLiteral(UNPRINTED)})`;
}
