import type { RawTable } from '../raw-tables';

/**
 * Postgres SQL for the canonical text of stored properties: jsonb has blanks and an order of its own.
 *
 * @param properties  SQL for a jsonb value or null.
 */
export function storedPropertiesSql(properties: string): string {
  return `CASE WHEN ${properties} IS NOT NULL THEN (
    SELECT '{' || string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY key COLLATE "C") || '}'
    FROM jsonb_each(${properties})) END`;
}

/**
 * Postgres SQL for rows (key, value) of stored properties as an import reads them: texts by the names
 * of columns, decimals in units.
 *
 * @param properties  SQL for a jsonb value or null.
 */
export function writtenPropertiesSql(properties: string): string {
  return `SELECT 'p_' || key AS key, CASE jsonb_typeof(value)
      WHEN 'number' THEN trim_scale(value::numeric * 0.000001)::text ELSE value #>> '{}' END AS value
    FROM jsonb_each(${properties})`;
}

/**
 * Postgres SQL for the properties of values that `writtenPropertiesSql` wrote. Their types are settled:
 * the load that rejected the row has done so.
 *
 * @param values  SQL for a jsonb object of texts by the names of columns.
 */
export function readPropertiesSql(table: RawTable, values: string): string {
  return `(SELECT jsonb_object_agg(settled.name, CASE settled.type
      WHEN 'boolean' THEN to_jsonb(written.value::boolean)
      WHEN 'decimal' THEN to_jsonb((written.value::numeric * 1000000)::bigint)
      ELSE to_jsonb(written.value) END)
    FROM jsonb_each_text(${values}) AS written JOIN raw_data.settled_properties AS settled
      ON settled.table_name = '${table}' AND written.key = 'p_' || settled.name)`;
}
