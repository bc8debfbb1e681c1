import type { ColumnKind } from '../raw-tables';

const INTEGER = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/;
const DECIMAL = /^DECIMAL\((\d+),(\d+)\)$/;
/** Parquet may have more. */
export const DECIMAL_DIGITS_MAX = 38;
const TIME = /^(VARCHAR|DATE|TIMESTAMP.*)$/;
/** Written as text, they say what they said. */
const WRITABLE = /^(BOOLEAN|DATE|FLOAT|DOUBLE)$/;

/**
 * Why a Parquet column of DuckDB's type can't hold what a column of this kind means, as a clause that
 * follows "which"; undefined when it can. An all-null column has no type of its own in some writers:
 * its rows fail or pass one by one.
 */
export function problemOfType(kind: ColumnKind, type: string): string | undefined {
  if (type === '"NULL"') return undefined;
  if (kind === 'amount_cents' && type === 'FLOAT') {
    return 'has too few digits for money; write it as DOUBLE, DECIMAL or text';
  }
  if (Number(DECIMAL.exec(type)?.[1]) > DECIMAL_DIGITS_MAX) {
    return `has more than ${DECIMAL_DIGITS_MAX} digits; write it with fewer, or as text`;
  }
  if (isUsable(kind, type)) return undefined;
  return `can't be used for it${isNamedBySource(kind) ? '; write it as text, or rename the column' : ''}`;
}

/** The values of a property or an attribute: any text, in a column that the source may call otherwise. */
function isNamedBySource(kind: ColumnKind): boolean {
  return kind === 'attribute_value' || kind === 'properties';
}

function isUsable(kind: ColumnKind, type: string): boolean {
  if (kind === 'event_time') return TIME.test(type) || INTEGER.test(type) || scaleOf(type) === 0;
  if (isNamedBySource(kind) && WRITABLE.test(type)) return true;
  const isText = type === 'VARCHAR' || type === 'UUID' || type.startsWith('ENUM');
  const isExact = isText || INTEGER.test(type) || scaleOf(type) !== undefined;
  return isExact || (kind === 'amount_cents' && type === 'DOUBLE');
}

/** Whether the values of a Parquet column are numbers, by DuckDB's type of it. */
export function isNumericType(type: string): boolean {
  return INTEGER.test(type) || scaleOf(type) !== undefined || /^(DOUBLE|FLOAT)$/.test(type);
}

/** The decimal places of a DECIMAL type; undefined for any other. */
function scaleOf(type: string): number | undefined {
  const match = DECIMAL.exec(type);
  return match ? Number(match[2]) : undefined;
}

/**
 * SQL for a column's value as text. Of decimals those that are whole numbers are written as such, as
 * ids are, and the others are null; amounts and attributes may be any.
 */
export function textOfColumn(identifier: string, kind: ColumnKind, type?: string): string {
  if (kind === 'attribute_value') return textOfValue(identifier, type);
  const places = kind === 'amount_cents' || type === undefined ? undefined : scaleOf(type);
  if (places === undefined || places === 0) return `CAST(${identifier} AS VARCHAR)`;
  const whole = `CAST(CAST(trunc(${identifier}) AS DECIMAL(38, 0)) AS VARCHAR)`;
  return `CASE WHEN ${identifier} = trunc(${identifier}) THEN ${whole} END`;
}

/**
 * SQL for a value of a property or an attribute as text. DuckDB leaves out the zero before the point
 * where a decimal has no place for it.
 */
export function textOfValue(identifier: string, type: string | undefined): string {
  const text = `CAST(${identifier} AS VARCHAR)`;
  const isDecimal = type !== undefined && scaleOf(type) !== undefined;
  return isDecimal ? String.raw`regexp_replace(${text}, '^(-?)\.', '\10.')` : text;
}
