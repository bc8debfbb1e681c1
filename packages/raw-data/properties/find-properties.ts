import type { Database, TransactionSql } from '../../database';
import type { DuckDb } from '../../duckdb';
import { rawTableNames, type PropertyType, type RawTable } from '../raw-tables';
import { refuse } from '../sources/refuse-import';
import type { DeclaredProperty } from '../sources/choose-columns';
import type { SourceFile } from '../sources/source-file';
import type { FoundProperty } from '../sources/source-report';
import { inferTypes } from './infer-types';
import { byName, hasProperties, type PropertyTypes } from './property-types';
import { readSettledProperties, settleProperties, type NewProperty } from './settled-properties';

/** The properties of a load. What runs in its transaction is about whether their types still hold. */
export interface LoadProperties {
  readonly types: PropertyTypes;
  readonly found: readonly FoundProperty[];
  /** Whether no other load has settled types since these were found. */
  isCurrent(tx: TransactionSql): Promise<boolean>;
  /** Whether `isCurrent` was asked, and said no. */
  isOutdated(): boolean;
  settle(tx: TransactionSql, batch: number): Promise<void>;
}

interface Sources {
  readonly files: readonly SourceFile[];
  readonly declared: readonly DeclaredProperty[];
}

/**
 * The properties of an import's files, each with its type: the one that an earlier load settled, else
 * the declared one, else what the values say.
 *
 * @throws ChurnError INVALID_IMPORT for a declared type that is not the settled one, and for names that
 *   differ by case alone.
 */
export async function findProperties(
  database: Database,
  duckDb: DuckDb,
  sources: Sources,
): Promise<LoadProperties> {
  if (sources.declared.length === 0 && sources.files.every(({ properties }) => !properties.size)) {
    return noProperties;
  }
  const settled = await readSettledProperties(database);
  const found: FoundProperty[] = [];
  const types = new Map<RawTable, Map<string, PropertyType>>();
  for (const table of rawTableNames.filter(hasProperties)) {
    const ofTable = {
      table,
      files: sources.files.filter((file) => file.table === table),
      declared: sources.declared.filter((each) => each.table === table),
      settled: settled.get(table) ?? new Map<string, PropertyType>(),
    };
    requireDeclaredAsSettled(ofTable);
    found.push(...(await propertiesOf(duckDb, ofTable)));
  }
  for (const { table, name, type } of found) {
    if (type === null) continue;
    types.set(table, (types.get(table) ?? new Map<string, PropertyType>()).set(name, type));
  }
  let isOutdated = false;
  return {
    types,
    found,
    async isCurrent(tx) {
      isOutdated = describe(await readSettledProperties({ sql: tx })) !== describe(settled);
      return !isOutdated;
    },
    isOutdated: () => isOutdated,
    settle: (tx, batch) => settleProperties(tx, found.flatMap(asNew), batch),
  };
}

const noProperties: LoadProperties = {
  types: new Map(),
  found: [],
  isCurrent: async () => true,
  isOutdated: () => false,
  settle: async () => {},
};

function asNew({ table, name, type, known }: FoundProperty): NewProperty[] {
  return known || type === null ? [] : [{ table, name, type }];
}

function describe(types: PropertyTypes): string {
  return JSON.stringify([...types].map(([table, ofTable]) => [table, [...ofTable]]));
}

interface TableSources extends Sources {
  readonly table: RawTable;
  readonly settled: ReadonlyMap<string, PropertyType>;
}

async function propertiesOf(duckDb: DuckDb, sources: TableSources): Promise<FoundProperty[]> {
  const { table, files, declared, settled } = sources;
  requireOneSpelling(sources);
  const names = [...new Set(files.flatMap(({ properties }) => [...properties.keys()]))];
  const declaredTypes = new Map(declared.map(({ property, type }) => [property, type]));
  const open = names.filter((name) => !settled.has(name) && !declaredTypes.get(name));
  const inferred = await inferTypes(duckDb, files, open);
  return names.sort(byName).map((name) => ({
    table,
    name,
    type: settled.get(name) ?? declaredTypes.get(name) ?? inferred.get(name) ?? null,
    known: settled.has(name),
  }));
}

function requireDeclaredAsSettled({ table, declared, settled }: TableSources): void {
  for (const { property, type } of declared) {
    const known = settled.get(property);
    if (known === undefined || type === undefined || known === type) continue;
    throw refuse(
      `the property ${property} of ${table} is declared as ${type}, but earlier loads have brought it as ${known}, which can't be changed; declare it so, or give the column another property`,
    );
  }
}

/** `Amount` beside `amount` was hardly meant to be another property. */
function requireOneSpelling({ table, files, settled }: TableSources): void {
  const spellings = new Map([...settled.keys()].map((name) => [name.toLowerCase(), name]));
  for (const { label, properties } of files) {
    for (const name of properties.keys()) {
      const known = spellings.get(name.toLowerCase()) ?? name;
      spellings.set(name.toLowerCase(), known);
      if (known === name) continue;
      throw refuse(
        `${label} has the property ${name}, but ${known} is in another file or load of ${table}; write it in the same case`,
      );
    }
  }
}
