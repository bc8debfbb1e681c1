import { quoteLiteral } from '../../duckdb';
import { propertyText } from '../properties/property-sql';
import { microsSql } from '../values/epoch-sql';
import type { SourceColumn, SourceFile } from '../sources/source-file';
import { ATTRIBUTE_VALUE_MAX } from '../values/attribute-sql';

/**
 * A longer text is cut and marked. None of the import's columns takes more characters, and with the
 * mark it is still too long, so that a text that was cut is never loaded as another one.
 */
const VALUE_CHARACTERS_MAX = ATTRIBUTE_VALUE_MAX;

/**
 * DuckDB SQL for a row's values as the file has them: a JSON object of texts by the import's column
 * names, an attribute's after its prefix. Columns that mean nothing to the import are left out, and so
 * is what is null.
 */
export function originalValuesSql({
  columns,
  attributes,
  properties,
}: Pick<SourceFile, 'columns' | 'attributes' | 'properties'>): string {
  const prefixed = [...attributes].map(([name, column]) => [`a_${name}`, column] as const);
  const values = [...columns, ...prefixed].map(
    ([name, column]) => `${quoteLiteral(name)}, ${keptText(textSql(column))}`,
  );
  const named = [...properties].map(
    ([name, column]) => `${quoteLiteral(`p_${name}`)}, ${keptText(propertyText(column))}`,
  );
  return `json_object(${[...values, ...named].join(', ')})`;
}

function textSql({ identifier, times }: SourceColumn): string {
  // What a file with another footer holds is no text that its reader has seen; see `settleTimes`.
  if (times === 'nanos' || times === 'int96') {
    return `strftime(make_timestamp(${microsSql(identifier, times)}), '%Y-%m-%dT%H:%M:%S.%fZ')`;
  }
  if (times !== 'timestamptz') return `CAST(${identifier} AS VARCHAR)`;
  const instant = `strftime(make_timestamp(epoch_us(${identifier})), '%Y-%m-%dT%H:%M:%S.%fZ')`;
  return `CASE WHEN isfinite(${identifier}) THEN ${instant} ELSE CAST(${identifier} AS VARCHAR) END`;
}

/** Postgres can't keep a NUL; the character that stands for it is as unprintable as it is. */
export function keptText(text: string): string {
  const safe = `replace(${text}, chr(0), chr(1))`;
  const trimmed = `trim(${safe})`;
  const mark = `'… (' || length(${trimmed}) || ' characters)'`;
  return `CASE WHEN length(${safe}) <= ${VALUE_CHARACTERS_MAX} THEN ${safe}
    ELSE left(${trimmed}, ${VALUE_CHARACTERS_MAX}) || ${mark} END`;
}
