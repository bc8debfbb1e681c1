import path from 'node:path';
import { quoteList, quoteLiteral, readParquet, type DuckDb } from '../../duckdb';
import {
  mayHaveAttributes,
  rawTables,
  type RawTable,
  type TableWithAttributes,
} from '../raw-tables';
import type { CleanedSource } from './clean-source';
import { keptText } from '../rejected/original-values';
import type { StagedPart } from '../rejected/record-rejected-rows';
import { textOfColumn } from '../sources/column-types';
import { carriesArrival, type SourceFile } from '../sources/source-file';
import { attributeIdSql, isAttributeValueSql } from '../values/attribute-sql';
import { presentSql, trimmedNameSql } from '../values/text-sql';

/** What one file of a table became. */
export interface CleanedPart extends StagedPart, CleanedSource {
  /** Of attributes that are in a column of another table's file. */
  readonly attributesOf?: AttributesOf;
}

interface CleanedTable {
  readonly table: RawTable;
  readonly parts: readonly CleanedPart[];
}

/** What the rows of a part are about: rows of another table, numbered alike. */
export interface AttributesOf {
  readonly table: TableWithAttributes;
  /** The number of that table's first row of the same file is the one after these. */
  readonly rowsBefore: number;
  readonly carriesArrival: boolean;
}

/**
 * Writes what the attribute columns of the load's other tables say as cleaned rows of user_attributes:
 * one for each value, with the user and the moment of its row, and of rows without a fault only. A
 * column's rows have the numbers of the file's rows, after those of the parts before it.
 *
 * @param prepared  The other tables.
 * @param rowsBefore  How many numbers are given to rows of user_attributes already.
 * @returns a part for each column of each file; those of a file share their cleaned rows.
 */
export async function cleanAttributeColumns(
  duckDb: DuckDb,
  sources: readonly SourceFile[],
  load: { prepared: readonly CleanedTable[]; scratch: string; rowsBefore: number },
): Promise<CleanedPart[]> {
  const parts: CleanedPart[] = [];
  let { rowsBefore } = load;
  for (const { table, parts: cleaned } of inOrder(load.prepared)) {
    const ofTable = sources.filter((source) => source.table === table);
    for (const [index, source] of ofTable.entries()) {
      const { attributes } = source;
      const base = cleaned[index]!;
      if (attributes.size === 0 || base.rows === 0) continue;
      const file = path.join(load.scratch, `${table}.${index}.attributes.parquet`);
      const said = saidByColumns(source, base, rowsBefore);
      await duckDb.run(
        `COPY (${cleanedSql(said, source)}) TO ${quoteLiteral(file)} (FORMAT parquet)`,
      );
      const attributesOf = {
        table,
        rowsBefore: base.rowsBefore,
        carriesArrival: carriesArrival(source),
      };
      for (const name of attributes.keys()) {
        const label = `${source.label}:a_${name}`;
        parts.push({
          ...base,
          label,
          files: [file],
          rowsBefore,
          usedRates: [],
          kept: null,
          attributesOf,
        });
        rowsBefore += base.rows;
      }
    }
  }
  return parts;
}

export type ColumnPart = CleanedPart & { readonly attributesOf: AttributesOf };

/** The parts of prepared attributes that are columns of other tables. */
export function columnParts({ parts }: Pick<CleanedTable, 'parts'>): ColumnPart[] {
  return parts.filter((part): part is ColumnPart => part.attributesOf !== undefined);
}

/** The first column of users; from its first row on, all rows are of users. */
export function firstOfUsers(prepared: Pick<CleanedTable, 'parts'>): ColumnPart | undefined {
  return columnParts(prepared).find(({ attributesOf }) => attributesOf.table === 'users');
}

/** Users last: what their columns say is compared with what is known, other columns of the load included. */
function inOrder(prepared: readonly CleanedTable[]) {
  const of = (isWanted: (table: TableWithAttributes) => boolean) =>
    prepared.flatMap(({ table, parts }) =>
      mayHaveAttributes(table) && isWanted(table) ? [{ table, parts }] : [],
    );
  return [...of((table) => table !== 'users'), ...of((table) => table === 'users')];
}

/**
 * SQL for one row per value: its number, user and name, the value trimmed and the text as it was, and the
 * row's time and arrival.
 * Numbers as in the cleaned file: both count the relation's rows in its order.
 */
function saidByColumns(source: SourceFile, base: CleanedPart, rowsBefore: number): string {
  const { timeColumn } = rawTables[source.table];
  const names = [...source.attributes.keys()];
  const columns = [...source.attributes.values()];
  const texts = columns.map(
    ({ identifier, type }, place) =>
      `${textOfColumn(identifier, 'attribute_value', type)} AS "t${place}"`,
  );
  const listed = columns.map((_, place) => `"t${place}"`).join(', ');
  const numbered = `"row" + ${rowsBefore} + place * ${base.rows} AS "row"`;
  return `SELECT ${numbered}, user_id, name, ${presentSql('trimmed', 'names')} AS value, text,
      event_time, ingested_at
    FROM (SELECT *, ${trimmedNameSql('text')} AS trimmed FROM (
      SELECT cleaned."row" - ${base.rowsBefore} AS "row", cleaned.user_id,
        unnest(range(${columns.length})) AS place, unnest(${quoteList(names)}) AS name,
        unnest([${listed}]) AS text,
        cleaned.${timeColumn} AS event_time, cleaned.ingested_at
      FROM ${readParquet(base.files)} AS cleaned JOIN (
        SELECT row_number() OVER () + ${base.rowsBefore} AS "row", ${texts.join(', ')}
        FROM ${source.relation}) AS said USING ("row")
      WHERE cleaned."reason" IS NULL))
    WHERE value IS NOT NULL`;
}

const isValue = isAttributeValueSql('value');

/** In the columns of `cleanRowsForLoadSql`. Of users the moment is not settled yet, and with it the id. */
function cleanedSql(said: string, source: SourceFile): string {
  const whenValue = (column: string) => `CASE WHEN ${isValue} THEN ${column} END AS ${column}`;
  const id = attributeIdSql({ userId: 'user_id', name: 'name', time: 'event_time' });
  const madeId = source.table === 'users' ? `CASE WHEN ${isValue} THEN ${id} END` : id;
  return `SELECT "row", CASE WHEN NOT ${isValue} THEN 'invalid_value' END AS "reason",
      ${madeId} AS attribute_id,
      ${['user_id', 'name', 'value', 'event_time', 'ingested_at'].map(whenValue).join(', ')},
      CASE WHEN NOT ${isValue} THEN ${originalSql(source)} END AS "original",
      CAST(NULL AS TIMESTAMP) AS "due"
    FROM (${said})`;
}

/** A value of a user's column has no moment before it is accepted; of others it is that of the row. */
function originalSql(source: SourceFile): string {
  const instant = (column: string) => `strftime(${column}, '%Y-%m-%dT%H:%M:%S.%fZ')`;
  const values = [
    `'user_id', user_id, 'name', name, 'value', ${keptText('text')}`,
    ...(source.table === 'users' ? [] : [`'event_time', ${instant('event_time')}`]),
    ...(carriesArrival(source) ? [`'ingested_at', ${instant('ingested_at')}`] : []),
  ];
  return `json_object(${values.join(', ')})`;
}
