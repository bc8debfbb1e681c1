import type { DuckDb } from '../../duckdb';
import type { PropertyType } from '../raw-tables';
import { isNumericType } from '../sources/column-types';
import { malformedFile } from '../sources/malformed-file';
import type { SourceColumn, SourceFile } from '../sources/source-file';
import { presentSql, trimmedSql } from '../values/text-sql';
import { isBooleanSql, isPlainDecimalSql, propertyText } from './property-sql';

/** What the values of a property are, in all files that were looked at. */
interface Found {
  readonly hasValue: boolean;
  readonly areBooleans: boolean;
  readonly areDecimals: boolean;
}

/** The time of a query grows with the square of its columns. */
const COLUMNS_PER_QUERY = 100;

/**
 * The types of a table's properties by their values: that of a Parquet column, and of texts the one
 * that all of them can be. In files of different types the values are texts. A property without any
 * value has no type.
 *
 * @param sources  The files of the table; each is read once for every hundred properties.
 * @throws ChurnError INVALID_IMPORT naming a file that is malformed.
 */
export async function inferTypes(
  duckDb: DuckDb,
  sources: readonly SourceFile[],
  names: readonly string[],
): Promise<Map<string, PropertyType>> {
  const found = new Map<string, Found>();
  for (const source of sources) {
    const columns = names.flatMap((name) => {
      const column = source.properties.get(name);
      return column ? [{ name, column }] : [];
    });
    for (let start = 0; start < columns.length; start += COLUMNS_PER_QUERY) {
      const some = columns.slice(start, start + COLUMNS_PER_QUERY);
      const ofColumns = await lookAt(duckDb, source.relation, some).catch((error: unknown) => {
        throw malformedFile(source.label, error);
      });
      for (const [name, values] of ofColumns) {
        if (values.hasValue) found.set(name, together(found.get(name), values));
      }
    }
  }
  return new Map([...found].map(([name, values]) => [name, typeOf(values)]));
}

function together(left: Found | undefined, right: Found): Found {
  return {
    hasValue: true,
    areBooleans: (left?.areBooleans ?? true) && right.areBooleans,
    areDecimals: (left?.areDecimals ?? true) && right.areDecimals,
  };
}

function typeOf({ areBooleans, areDecimals }: Found): PropertyType {
  if (areBooleans) return 'boolean';
  return areDecimals ? 'decimal' : 'text';
}

interface PropertyColumn {
  readonly name: string;
  readonly column: SourceColumn;
}

async function lookAt(
  duckDb: DuckDb,
  relation: string,
  columns: readonly PropertyColumn[],
): Promise<(readonly [string, Found])[]> {
  if (columns.length === 0) return [];
  const of = (sql: (value: string) => string) =>
    columns.map((_, index) => `${sql(`v${index}`)} AS v${index}`).join(', ');
  const texts = columns.map(({ column }, index) => `${propertyText(column)} AS v${index}`);
  const facts = columns.flatMap(({ column }, index) => {
    const [areBooleans, areDecimals] = conditionsOf(column, `v${index}`);
    const isThere = `v${index} IS NOT NULL`;
    return [
      `count(v${index}) > 0 AS has${index}`,
      `coalesce(bool_and(${areBooleans}) FILTER (${isThere}), false) AS booleans${index}`,
      `coalesce(bool_and(${areDecimals}) FILTER (${isThere}), false) AS decimals${index}`,
    ];
  });
  const [row] = await duckDb.rows<Record<string, boolean>>(
    `SELECT ${facts.join(', ')} FROM (
       SELECT ${of((value) => presentSql(value, 'numbers'))} FROM (
         SELECT ${of(trimmedSql)} FROM (SELECT ${texts.join(', ')} FROM ${relation})))`,
  );
  return columns.map(({ name }, index) => [
    name,
    {
      hasValue: row![`has${index}`]!,
      areBooleans: row![`booleans${index}`]!,
      areDecimals: row![`decimals${index}`]!,
    },
  ]);
}

/** SQL for whether a value is a boolean and whether it is a decimal; of a typed column its type says so. */
function conditionsOf({ type }: SourceColumn, value: string): [string, string] {
  if (type === undefined) return [isBooleanSql(value), isPlainDecimalSql(value)];
  if (type === 'BOOLEAN') return ['true', 'false'];
  return ['false', isNumericType(type) ? 'true' : 'false'];
}
