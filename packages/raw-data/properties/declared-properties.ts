import type { DuckDb } from '../../duckdb';
import { importColumns, propertyTypes, rawTableNames, tablesWithProperties } from '../raw-tables';
import type { DeclaredProperty } from '../sources/choose-columns';
import { isNameOfColumn } from '../sources/prefixed-columns';
import type { SourceFile } from '../sources/source-file';
import { eachTextRows } from '../values/each-text-rows';

/** A row of declarations as its file has it. */
export type WrittenDeclaration = Readonly<
  Record<'table' | 'column' | 'property' | 'type', string | null>
>;

/**
 * What files of an import folder declare of properties, all of them together.
 *
 * @throws ChurnError INVALID_IMPORT naming the file and row of a declaration that can't be followed.
 */
export async function readDeclarations(
  duckDb: DuckDb,
  files: readonly SourceFile<'properties'>[],
): Promise<readonly DeclaredProperty[]> {
  const declared: DeclaredProperty[] = [];
  const names = ['table', 'column', 'property', 'type'] as const;
  await eachTextRows(duckDb, files, { names, words: 'names' }, (rows) => {
    parseDeclarations(rows, declared);
  });
  return declared;
}

/**
 * The declarations of rows.
 *
 * @param declared  Those of other files; what is new is added.
 * @throws RangeError whose message says which row of data, from 1 and without the header, is wrong and how.
 */
export function parseDeclarations(
  rows: readonly WrittenDeclaration[],
  declared: DeclaredProperty[] = [],
): readonly DeclaredProperty[] {
  for (const [index, row] of rows.entries()) {
    const fail = (problem: string) => new RangeError(`data row ${index + 1}: ${problem}`);
    const declaration = parseDeclaration(row, fail);
    const ofTable = declared.filter(({ table }) => table === declaration.table);
    requireAgreement(declaration, ofTable, fail);
    declared.push(declaration);
  }
  return declared;
}

function parseDeclaration(
  row: WrittenDeclaration,
  fail: (problem: string) => RangeError,
): DeclaredProperty {
  const table = rawTableNames.find((name) => name === row.table?.toLowerCase());
  if (!table || !tablesWithProperties.includes(table)) {
    throw fail(`the table is none of ${tablesWithProperties.join(', ')}`);
  }
  const { column } = row;
  if (column === null) throw fail('it names no column');
  if (importColumns(table).some(({ name }) => name === column.toLowerCase())) {
    throw fail(`the column ${column.toLowerCase()} has a meaning of its own in ${table}`);
  }
  const property = row.property ?? column.replace(/^p_/i, '').trim();
  if (!isNameOfColumn(property)) {
    throw fail('the property must be 1 to 64 characters that print');
  }
  const type = propertyTypes.find((name) => name === row.type?.toLowerCase());
  if (row.type !== null && !type) throw fail(`the type is none of ${propertyTypes.join(', ')}`);
  return { table, column, property, type };
}

/** A property may be called otherwise in each of several files, but is one thing. */
function requireAgreement(
  { column, property, type }: DeclaredProperty,
  others: readonly DeclaredProperty[],
  fail: (problem: string) => RangeError,
): void {
  for (const other of others) {
    if (other.column === column) throw fail('the column is declared twice');
    if (other.property.toLowerCase() !== property.toLowerCase()) continue;
    if (other.property !== property)
      throw fail('the property is also declared with different capital letters');
    if (other.type !== type) throw fail('the property is also declared with another type');
  }
}
