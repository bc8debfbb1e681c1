import type { Sql, TransactionSql } from '../../database';
import type { PropertyType, RawTable } from '../raw-tables';
import type { PropertyTypes } from './property-types';

/**
 * The types of the properties that loads have brought. They stay, whatever later files look like, so
 * that a property means one thing in all rows.
 */
export async function readSettledProperties({
  sql,
}: {
  readonly sql: Sql | TransactionSql;
}): Promise<PropertyTypes> {
  const rows = await sql<{ table: RawTable; name: string; type: PropertyType }[]>`
    SELECT table_name AS "table", name, type FROM raw_data.settled_properties
    ORDER BY table_name, name`;
  const settled = new Map<RawTable, Map<string, PropertyType>>();
  for (const { table, name, type } of rows) {
    const ofTable = settled.get(table) ?? new Map<string, PropertyType>();
    settled.set(table, ofTable.set(name, type));
  }
  return settled;
}

/** A property that this load brings first. */
export interface NewProperty {
  readonly table: RawTable;
  readonly name: string;
  readonly type: PropertyType;
}

/** Settles the types that a load brings. Must run under the load lock, by which they are new. */
export async function settleProperties(
  tx: TransactionSql,
  properties: readonly NewProperty[],
  batch: number,
): Promise<void> {
  if (properties.length === 0) return;
  await tx`
    INSERT INTO raw_data.settled_properties (table_name, name, type, batch)
    SELECT *, ${batch}::integer FROM unnest(
      ${properties.map(({ table }) => table)}::text[],
      ${properties.map(({ name }) => name)}::text[],
      ${properties.map(({ type }) => type)}::text[])`;
}
