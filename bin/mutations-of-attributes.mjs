import { breaksOf } from './breaks-of.mjs';

const attributes = ['test/packages/raw-data/attributes.integration.test.ts'];
const columns = breaksOf('packages/raw-data/load/attribute-columns.ts', attributes);
const settled = breaksOf('packages/raw-data/load/settle-attributes.ts', attributes);
const prepared = breaksOf('packages/raw-data/load/prepare-load.ts', attributes);
const cleaned = breaksOf('packages/raw-data/load/clean-rows-sql.ts', attributes);
const ids = breaksOf('packages/raw-data/values/attribute-sql.ts', attributes);
const recorded = breaksOf('packages/raw-data/rejected/record-rejected-rows.ts', attributes);
const chosen = breaksOf('packages/raw-data/sources/choose-columns.ts', [
  'test/packages/raw-data/sources/choose-columns.test.ts',
]);
const mended = breaksOf('packages/raw-data/rejected/rejected-csv.ts', [
  'test/packages/raw-data/rejected/rejected-csv.test.ts',
]);
const segments = ['test/packages/raw-data/log/attribute-segments.integration.test.ts'];
const folders = breaksOf('packages/raw-data/log/batch-folders.ts', segments);
const manifest = breaksOf('packages/raw-data/log/log-manifest.ts', segments);
const runs = breaksOf('packages/raw-data/log/write-run.ts', segments);

/** Attributes of users: from files, columns of events and columns of users, and in the raw log. */
export const attributeMutations = [
  columns('a faulty row says nothing', 'WHERE cleaned."reason" IS NULL', 'WHERE true'),
  columns('rows have the numbers of their file', ' + place * ${base.rows}', ''),
  columns(
    'columns of users come last',
    "[...of((table) => table !== 'users'), ...of((table) => table === 'users')]",
    "[...of((table) => table === 'users'), ...of((table) => table !== 'users')]",
  ),
  columns('a value of users has no moment yet', "table === 'users' ? [] : [", 'false ? [] : ['),
  prepared('an attribute without a value is none', ' OR value IS NOT NULL)', ' OR true)'),
  cleaned('an id that is given stays', "source.columns.has('attribute_id')", 'false'),
  ids('the moment is part of the id', '|| CAST(epoch_us(${time}) AS VARCHAR)', "|| ''"),
  ids('Postgres makes the same ids', 'name} || chr(10) || ${micros}', 'name} || ${micros}'),
  recorded('the id of a faulty attribute is kept', "coalesce(${stored}, '{}') || ", ''),
  settled(
    'an attribute shares the conflict of its row',
    "SET reason = 'conflicting_duplicate'",
    'SET reason = NULL',
  ),
  settled('a conflict has all rows staged', "if (conflicts.length > 0) return 'true';", ''),
  settled('users are compared', 'return ofUsers &&', 'return undefined && ofUsers &&'),
  settled('only a first row is of the signup', 'AND coalesce(', 'AND true OR coalesce('),
  settled(
    'an arrival is the moment of a change',
    'WHEN part.carries::boolean THEN given',
    'WHEN false THEN given',
  ),
  settled('the value in force, not the last one', '         AND known.event_time <= as_of\n', ''),
  settled('what the load said before counts', 'as_of_before IS NULL OR', 'true OR'),
  chosen('twins of attributes', "hasPrefix(column, 'a_')", "column.name.startsWith('a_')"),
  mended('attributes of a rejected row are written', '...[...prefixed].sort(byName), ', ''),
  folders(
    'a lost segment of attributes',
    'mirroredTables(load).map(async',
    'mirroredTables({ hasAttributes: false }).map(async',
  ),
  manifest('no segment without rows', 'hasAttributes || !isSparse(table)', 'true'),
  manifest('a manifest without the table', '(document.runs[table] ?? [])', 'document.runs[table]!'),
  runs('the latest of each name', " || name === 'name'", ''),
];
