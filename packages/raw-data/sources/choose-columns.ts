import {
  importColumns,
  mayHaveAttributes,
  tablesWithProperties,
  type ImportTable,
  type PropertyType,
  type RawTable,
} from '../raw-tables';
import { squash } from './import-names';
import { columnsByName, hasPrefix, nameAfterPrefix } from './prefixed-columns';
import { listNames, refuse } from './refuse-import';
import type { SourceColumn, SourceFile } from './source-file';

export interface OfferedColumn extends SourceColumn {
  /** As the file calls it. */
  readonly name: string;
}

/** That a column of a table's files is a property. */
export interface DeclaredProperty {
  readonly table: RawTable;
  /** As files call it. */
  readonly column: string;
  readonly property: string;
  /** Undefined: the values say it, as they do of what is not declared. */
  readonly type: PropertyType | undefined;
}

/** Which of a file's columns are its table's. */
export type ChooseColumns = (offered: readonly OfferedColumn[]) => ChosenColumns;

export type ChosenColumns = Pick<
  SourceFile,
  'columns' | 'properties' | 'attributes' | 'ignoredColumns'
>;

/** What a table takes from a file; `either` of billing_events' amounts is enough. Pure. */
export function knownColumns(table: ImportTable): string[] {
  return importColumns(table).map(({ name }) => name);
}

/**
 * Which columns of a file are the table's. The case of a name is no matter, but the exact name wins:
 * a twin of it in another case is ignored as any other column, and reported. Columns of events with the
 * prefix `p_` are properties, and so are those that are declared; columns with the prefix `a_` are
 * attributes of the rows' users.
 *
 * @throws ChurnError INVALID_IMPORT for a column that is missing, there twice, or nearly ours.
 */
export function chooseColumns(
  table: ImportTable,
  label: string,
  offered: readonly OfferedColumn[],
  declared: readonly DeclaredProperty[] = [],
): ChosenColumns {
  const chosen = new Map<string, SourceColumn>();
  const taken = new Set<OfferedColumn>();
  for (const name of knownColumns(table)) {
    const column = chooseColumn(name, label, offered);
    if (!column) continue;
    chosen.set(name, asSource(column));
    taken.add(column);
  }
  const properties = new Map<string, SourceColumn>();
  const others = offered.filter((column) => !taken.has(column));
  for (const [name, column] of chooseProperties(table, label, others, declared)) {
    properties.set(name, asSource(column));
    taken.add(column);
  }
  const attributes = new Map<string, SourceColumn>();
  for (const [name, column] of chooseAttributes(
    table,
    label,
    others.filter((column) => !taken.has(column)),
  )) {
    attributes.set(name, asSource(column));
    taken.add(column);
  }
  const ignored = offered.filter((column) => !taken.has(column)).map(({ name }) => name);
  requireNoneNearlyOurs(
    label,
    [
      ...knownColumns(table).filter((name) => !chosen.has(name)),
      ...declared.filter(({ property }) => !properties.has(property)).map(({ column }) => column),
    ],
    ignored,
  );
  requireColumns(table, label, { columns: chosen, ignoredColumns: ignored });
  return { columns: inFileOrder(chosen, offered), properties, attributes, ignoredColumns: ignored };
}

function asSource({ name: _, ...column }: OfferedColumn): SourceColumn {
  return column;
}

function chooseProperties(
  table: ImportTable,
  label: string,
  offered: readonly OfferedColumn[],
  declared: readonly DeclaredProperty[],
): Map<string, OfferedColumn> {
  if (!tablesWithProperties.includes(table)) return new Map();
  const named: { name: string; column: OfferedColumn }[] = [];
  for (const { column: name, property } of declared) {
    const column = chooseColumn(name, label, offered);
    if (column) named.push({ name: property, column });
  }
  const taken = new Set(named.map(({ column }) => column));
  for (const column of offered.filter((each) => hasPrefix(each, 'p_') && !taken.has(each))) {
    named.push({ name: nameAfterPrefix(column, 'p_'), column });
  }
  return columnsByName(label, named);
}

function chooseAttributes(
  table: ImportTable,
  label: string,
  offered: readonly OfferedColumn[],
): Map<string, OfferedColumn> {
  if (!mayHaveAttributes(table)) return new Map();
  const named = offered
    .filter((column) => hasPrefix(column, 'a_'))
    .map((column) => ({ name: nameAfterPrefix(column, 'a_'), column }));
  return columnsByName(label, named);
}

function chooseColumn(
  name: string,
  label: string,
  offered: readonly OfferedColumn[],
): OfferedColumn | undefined {
  const exact = offered.filter((column) => column.name === name);
  if (exact.length > 1) throw refuse(`${label} has column ${name} twice`);
  if (exact[0]) return exact[0];
  const variants = offered.filter((column) => column.name.toLowerCase() === name.toLowerCase());
  if (variants.length > 1) {
    const names = variants.map((column) => column.name).join(' and ');
    throw refuse(`${label} has the columns ${names}, any of which may be ${name}; keep one`);
  }
  return variants[0];
}

function inFileOrder(
  chosen: ReadonlyMap<string, SourceColumn>,
  offered: readonly OfferedColumn[],
): Map<string, SourceColumn> {
  const place = (column: SourceColumn) =>
    offered.findIndex(({ identifier }) => identifier === column.identifier);
  return new Map([...chosen].sort(([, left], [, right]) => place(left) - place(right)));
}

/** `userId` or `Ingested At` would else be ignored, and with it what it says. */
function requireNoneNearlyOurs(
  label: string,
  absent: readonly string[],
  ignored: readonly string[],
): void {
  for (const name of ignored) {
    const meant = absent.find((known) => squash(known) === squash(name));
    if (meant) {
      throw refuse(
        `${label} has a column ${name}; did you mean ${meant}? Rename it or take it out`,
      );
    }
  }
}

function requireColumns(
  table: ImportTable,
  label: string,
  { columns, ignoredColumns }: Pick<ChosenColumns, 'columns' | 'ignoredColumns'>,
): void {
  if (columns.has('amount') && columns.has('amount_cents')) {
    throw refuse(`${label} has both amount and amount_cents; keep one`);
  }
  const [missing] = missingColumns(table, [...columns.keys()]);
  if (missing === undefined) return;
  const wanted = missing === 'amount_cents' ? 'amount_cents (or amount)' : missing;
  throw refuse(`${label} has no column ${wanted}${describeFound(table, columns, ignoredColumns)}`);
}

/** The required columns that are not among these names, which may be in any case. Pure. */
export function missingColumns(table: ImportTable, names: readonly string[]): string[] {
  const present = new Set(names.map((name) => name.toLowerCase()));
  return importColumns(table)
    .filter(({ optional }) => !optional)
    .map(({ name }) => name)
    .filter((name) => !present.has(name))
    .filter((name) => name !== 'amount_cents' || !present.has('amount'));
}

const LOOKS_LIKE_A_NAME = /^[\p{L}_][\p{L}\p{N}_ ./()#$-]{0,63}$/u;

/** Without a header, a first row would be taken for names: its values are not to be repeated. */
function describeFound(
  table: ImportTable,
  columns: ReadonlyMap<string, unknown>,
  ignored: readonly string[],
): string {
  if (columns.size === 0 && !ignored.every((name) => LOOKS_LIKE_A_NAME.test(name))) {
    return `, and none of the other columns of ${table} either; the first line of a CSV must be a header, with names separated by commas, semicolons, tabs or |`;
  }
  const names = [...columns.keys(), ...ignored];
  const shown = names.filter((name) => LOOKS_LIKE_A_NAME.test(name));
  if (names.length === 0) return '';
  const others = names.length - shown.length;
  const more = others === 0 ? '' : ` and ${others} with other names`;
  return `; it has ${listNames(shown)}${more}`;
}
