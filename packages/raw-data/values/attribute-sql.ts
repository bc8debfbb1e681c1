import { isPrintableSql } from './text-sql';

/** Characters of an attribute's value. */
export const ATTRIBUTE_VALUE_MAX = 1_024;
/** Characters of its name, as `COLUMN_NAME_MAX` has it for those that columns are named after. */
const ATTRIBUTE_NAME_MAX = 64;

/** Hexadecimal digits of an id that is made: 128 bits. */
const ID_DIGITS = 32;

interface IdParts {
  readonly userId: string;
  readonly name: string;
  readonly time: string;
}

/**
 * DuckDB SQL for the id of an attribute that comes without one: what it is about, not what it says. So a
 * row that is sent again is the same, and another value at the same moment is a conflict. Null where a
 * part is.
 */
export function attributeIdSql({ userId, name, time }: IdParts): string {
  return `left(sha256(${userId} || chr(10) || ${name} || chr(10) || CAST(epoch_us(${time}) AS VARCHAR)), ${ID_DIGITS})`;
}

/** The same id in Postgres. */
export function attributeIdInPostgres({ userId, name, time }: IdParts): string {
  const micros = `(extract(epoch FROM ${time}) * 1000000)::bigint::text`;
  return `left(encode(sha256(convert_to(${userId} || chr(10) || ${name} || chr(10) || ${micros}, 'UTF8')), 'hex'), ${ID_DIGITS})`;
}

/** A condition of DuckDB on a trimmed name: it is there and can be one. */
export function isAttributeNameSql(column: string): string {
  return `coalesce(${isPrintableSql(column, ATTRIBUTE_NAME_MAX)}, false)`;
}

/** A condition of DuckDB on a trimmed value: it is absent or can be one. */
export function isAttributeValueSql(column: string): string {
  return `coalesce(${isPrintableSql(column, ATTRIBUTE_VALUE_MAX)}, true)`;
}
