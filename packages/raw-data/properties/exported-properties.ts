import { quoteIdentifier, quoteLiteral } from '../../duckdb';
import type { PropertyType } from '../raw-tables';
import { PROPERTY_DECIMALS, type PropertyTypes } from './property-types';

export type ExportFormat = 'parquet' | 'csv';

/**
 * DuckDB SQL for the columns that an import reads as these properties again, with the values exactly:
 * decimals in units, in Parquet as DECIMAL.
 *
 * @param properties  SQL for canonical properties or null.
 */
export function exportedPropertyColumns(
  properties: string,
  types: ReadonlyMap<string, PropertyType>,
  format: ExportFormat,
): string[] {
  return [...types].map(([name, type]) => {
    // A JSON pointer, in which any other character stands for itself.
    const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const text = `json_extract_string(${properties}, ${quoteLiteral(pointer)})`;
    return `${valueSql(text, type, format)} AS ${quoteIdentifier(columnOf(name))}`;
  });
}

function valueSql(text: string, type: PropertyType, format: ExportFormat): string {
  switch (type) {
    case 'text':
      return text;
    case 'boolean':
      return `CAST(${text} AS BOOLEAN)`;
    case 'decimal': {
      const unit = `CAST('0.${'1'.padStart(PROPERTY_DECIMALS, '0')}' AS DECIMAL(7, 6))`;
      const value = `CAST(CAST(${text} AS DECIMAL(19, 0)) * ${unit} AS DECIMAL(19, 6))`;
      return format === 'parquet' ? value : `rtrim(rtrim(CAST(${value} AS VARCHAR), '0'), '.')`;
    }
  }
}

function columnOf(property: string): string {
  return `p_${property}`;
}

/** `properties.csv` of an export, by which an import takes the properties with the same types; null without any. */
export function exportedDeclarations(types: PropertyTypes): string | null {
  const rows = [...types].flatMap(([table, ofTable]) =>
    [...ofTable].map(([name, type]) => [table, columnOf(name), name, type]),
  );
  if (rows.length === 0) return null;
  const lines = [['table', 'column', 'property', 'type'], ...rows].map((row) =>
    row.map((text) => `"${text.replaceAll('"', '""')}"`).join(','),
  );
  return `${lines.join('\n')}\n`;
}
