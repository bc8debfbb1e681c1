import { breaksOf } from './breaks-of.mjs';

const values = ['test/packages/raw-data/properties/property-values.test.ts'];
const loaded = ['test/packages/raw-data/properties.integration.test.ts'];
const sql = breaksOf('packages/raw-data/properties/property-sql.ts', values);
const inferred = breaksOf('packages/raw-data/properties/infer-types.ts', values);
const declared = breaksOf('packages/raw-data/properties/declared-properties.ts', [
  'test/packages/raw-data/properties/declared-properties.test.ts',
]);
const found = breaksOf('packages/raw-data/properties/find-properties.ts', loaded);
const stored = breaksOf('packages/raw-data/properties/stored-properties-sql.ts', loaded);
const exported = breaksOf('packages/raw-data/properties/exported-properties.ts', loaded);
const segments = breaksOf('packages/raw-data/log/segment-rows.ts', loaded);
const moment = breaksOf('packages/features/compile-moment.ts', [
  'test/packages/features/engine-agrees-with-oracle.test.ts',
]);

/** Typed properties of events: how they are read, settled, stored, mirrored and written back. */
export const propertyMutations = [
  sql('names are in bytewise order', '.sort((left, right) => byName(left.name, right.name))', ''),
  sql('no more than six places', '<= ${PROPERTY_DECIMALS}\n', '<= 60\n'),
  sql('a small double has its places', 'abs(${double}) < 0.001 AND', 'false AND'),
  sql('NA may be a text', "isText ? 'names' : 'numbers'", "'numbers'"),
  sql('a code of digits is a text', "'-?(0|[1-9]\\d*)(\\.\\d+)?'", "'-?\\d+(\\.\\d+)?'"),
  inferred('a file without a value says nothing', 'if (values.hasValue) found', 'found'),
  inferred('all files decide', '(left?.areDecimals ?? true) && ', ''),
  inferred('a typed column says its type', 'if (type === undefined) return', 'if (true) return'),
  declared('our own columns are no properties', 'if (importColumns(table).some(', 'if ([].some('),
  declared('one property has one type', 'if (other.type !== type) throw', 'if (false) throw'),
  found('settled before inferred', 'settled.get(name) ?? declaredTypes', 'declaredTypes'),
  found(
    'a contradiction is refused',
    'type === undefined || known === type) continue',
    'true) continue',
  ),
  found('one spelling across loads', '[...settled.keys()].map(', '[].map('),
  found('types that were settled meanwhile', 'describe(settled);', 'describe(settled) && false;'),
  stored('rejected rows have decimals in units', ' * 0.000001', ''),
  stored('retried rows have their decimals', '::numeric * 1000000', '::numeric'),
  stored('Postgres writes the canonical text', ' ORDER BY key COLLATE "C"', ' ORDER BY key DESC'),
  exported(
    'the types go with an export',
    'columnOf(name), name, type]',
    "columnOf(name), name, '']",
  ),
  segments(
    'old segments are read with new ones',
    "'union_by_name = true'",
    "'union_by_name = false'",
  ),
  segments('old segments have no properties', 'if (having === 0) return', 'if (false) return'),
  moment(
    'features read no properties',
    'SELECT ${columnsRead[table]} FROM ${rowsOfUser(table, known',
    'SELECT * FROM ${rowsOfUser(table, known',
  ),
];
