import { quoteLiteral } from '../../duckdb';
import type { PropertyType } from '../raw-tables';
import { textOfValue } from '../sources/column-types';
import type { SourceColumn, SourceFile } from '../sources/source-file';
import { isPrintableSql, presentSql, trimmedNameSql, trimmedSql } from '../values/text-sql';
import { byName, PROPERTY_DECIMALS, PROPERTY_TEXT_MAX, type PropertyTypes } from './property-types';

/** A column of a source, and the property that its values are. */
export interface TypedProperty {
  readonly name: string;
  readonly type: PropertyType;
  readonly column: SourceColumn;
  /** The quoted name of its values while they are read. */
  readonly alias: string;
}

/** The properties of a source whose types are known, in the order of their names. The others have no value. */
export function typedColumns(
  { table, properties }: Pick<SourceFile, 'table' | 'properties'>,
  types: PropertyTypes = new Map(),
): TypedProperty[] {
  const ofTable = types.get(table);
  return [...properties]
    .flatMap(([name, column]) => {
      const type = ofTable?.get(name);
      return type === undefined ? [] : [{ name, type, column }];
    })
    .sort((left, right) => byName(left.name, right.name))
    .map((typed, index) => ({ ...typed, alias: `"property ${index}"` }));
}

/** SQL of the values of a column in three steps, as `presentValues` takes them. */
export function presentProperty({ column, type, alias }: TypedProperty) {
  const isText = type === 'text';
  return {
    raw: `${propertyText(column)} AS ${alias}`,
    trimmed: `${isText ? trimmedNameSql(alias) : trimmedSql(alias)} AS ${alias}`,
    present: `${presentSql(alias, isText ? 'names' : 'numbers')} AS ${alias}`,
  };
}

/**
 * SQL for a value as text. The shortest text of a double has an exponent below 0.0001; where it has
 * no more than six places, these are written.
 */
export function propertyText({ identifier, type }: SourceColumn): string {
  const text = textOfValue(identifier, type);
  if (type !== 'DOUBLE' && type !== 'FLOAT') return text;
  const double = `CAST(${text} AS DOUBLE)`;
  const scale = `1${'0'.repeat(PROPERTY_DECIMALS)}`;
  const isShort = `abs(${double}) < 0.001 AND ${double} = round(${double} * ${scale}) / ${scale}`;
  return `CASE WHEN ${isShort} THEN format('{:.${PROPERTY_DECIMALS}f}', ${double}) ELSE ${text} END`;
}

/**
 * SQL for the properties of a row as one text, null where there are none: JSON without blanks, the
 * names in bytewise order, decimals as integers of millionths. Equal properties are equal texts.
 *
 * @param columns  In the order of their names. A value that does not fit makes any text.
 */
export function canonicalPropertiesSql(columns: readonly TypedProperty[]): string {
  if (columns.length === 0) return 'CAST(NULL AS VARCHAR)';
  const members = columns.map((column) => {
    const { name, alias } = column;
    const value = `${quoteLiteral(`${JSON.stringify(name)}:`)} || ${jsonValueSql(column)}`;
    return `CASE WHEN ${alias} IS NOT NULL THEN ${value} END`;
  });
  return `nullif('{' || concat_ws(',', ${members.join(', ')}) || '}', '{}')`;
}

function jsonValueSql({ type, alias }: TypedProperty): string {
  switch (type) {
    case 'text':
      return `CAST(to_json(${alias}) AS VARCHAR)`;
    case 'boolean':
      return `lower(${alias})`;
    case 'decimal':
      return `CAST(${millionthsSql(alias)} AS VARCHAR)`;
  }
}

/**
 * SQL for the name of a row's first property whose value does not fit its type; null where all fit.
 *
 * @param columns  At least one.
 */
export function faultyPropertySql(columns: readonly TypedProperty[]): string {
  const cases = columns.map((column) => {
    const { name, alias } = column;
    return `WHEN ${alias} IS NOT NULL AND NOT ${fitsSql(column)} THEN ${quoteLiteral(name)}`;
  });
  return `CASE ${cases.join(' ')} END`;
}

function fitsSql({ type, alias }: TypedProperty): string {
  switch (type) {
    case 'text':
      return isPrintableSql(alias, PROPERTY_TEXT_MAX);
    case 'boolean':
      return isBooleanSql(alias);
    case 'decimal':
      return isDecimalSql(alias);
  }
}

/** A SQL condition on a trimmed text: `true` or `false`, in any case. */
export function isBooleanSql(text: string): string {
  return `(lower(${text}) IN ('true', 'false'))`;
}

/** A SQL condition on a trimmed text: a plain number that a decimal can be. */
export function isDecimalSql(text: string): string {
  const isNumber = String.raw`regexp_full_match(${text}, '[+-]?(\d+(\.\d*)?|\.\d+)')`;
  return `(${isNumber} AND length(${fractionSql(text)}) <= ${PROPERTY_DECIMALS}
    AND ${millionthsSql(text)} IS NOT NULL)`;
}

/** As `isDecimalSql`, and written so that a code of digits is hardly meant: `007` and `+5` are not. */
export function isPlainDecimalSql(text: string): string {
  const isPlain = String.raw`regexp_full_match(${text}, '-?(0|[1-9]\d*)(\.\d+)?')`;
  return `(${isPlain} AND ${isDecimalSql(text)})`;
}

function fractionSql(text: string): string {
  return String.raw`rtrim(regexp_extract(${text}, '\.(\d*)$', 1), '0')`;
}

/** Null where it is no number or does not fit 64 bits; what is below a millionth is cut off. */
function millionthsSql(text: string): string {
  const sign = `CASE WHEN starts_with(${text}, '-') THEN '-' ELSE '' END`;
  const whole = String.raw`regexp_extract(${text}, '^[+-]?(\d*)', 1)`;
  const fraction = `rpad(${fractionSql(text)}, ${PROPERTY_DECIMALS}, '0')`;
  return `TRY_CAST(${sign} || '0' || ${whole} || ${fraction} AS BIGINT)`;
}
