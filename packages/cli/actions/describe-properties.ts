import type { SourceReport } from '../../raw-data';

/** The properties that an import found, with their types: what is read as another type is rejected later. */
export function describeProperties({ properties }: Pick<SourceReport, 'properties'>): string[] {
  const tables = [...new Set(properties.map(({ table }) => table))];
  return tables.map((table) => {
    const own = properties.filter((property) => property.table === table);
    const described = own.map(({ name, type, known }) => {
      if (type === null) return `${name} (without a value)`;
      return known ? `${name} (${type})` : `${name} (${type}, new)`;
    });
    return `Properties of ${table}: ${described.join(', ')}.`;
  });
}

/** A reason for which rows were rejected, with the properties that are the fault. */
export function describeReason(reason: string, properties: readonly (string | null)[]): string {
  const names = [...new Set(properties.filter((name) => name !== null))];
  return names.length === 0 ? reason : `${reason} (${names.join(', ')})`;
}
