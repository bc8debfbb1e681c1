import { tablesWithProperties, type PropertyType, type RawTable } from '../raw-tables';

export const PROPERTY_TEXT_MAX = 1024;

export const PROPERTY_DECIMALS = 6;

/** By table, then by the property's name. What has no type has no value. */
export type PropertyTypes = ReadonlyMap<RawTable, ReadonlyMap<string, PropertyType>>;

/** The tables with properties, as a condition on any name of a table. */
export function hasProperties(table: RawTable): boolean {
  return tablesWithProperties.includes(table);
}

/** The column of cleaned rows that names the property by which a row is `invalid_property`. */
export const FAULTY_PROPERTY = 'faulty_property';

/** The order of names in what is stored and written: bytewise, as Postgres orders with COLLATE "C". */
export function byName(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
