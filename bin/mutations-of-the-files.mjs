import { breaksOf } from './breaks-of.mjs';

const of = (name) => `test/packages/raw-data/sources/${name}.test.ts`;
const [folder, texts, columns, parquet, packed] = [
  'files-of-a-folder',
  'texts',
  'choose-columns',
  'parquet-source',
  'unpack-file',
].map(of);

const [listing, choosing, csv, json, twins] = [
  'list-import-folder',
  'choose-columns',
  'text/plain-text',
  'json-source',
  'parquet-source',
].map((name) => breaksOf(`packages/raw-data/sources/${name}.ts`));
const spineTest = 'test/packages/raw-data/read-spine.test.ts';
const names = breaksOf('packages/raw-data/sources/import-names.ts');
const inspecting = breaksOf('packages/raw-data/sources/text/inspect-text.ts');
const ends = breaksOf('packages/raw-data/sources/text/record-ends.ts');
const unpacking = breaksOf('packages/raw-data/sources/text/unpack-file.ts');
const numbers = breaksOf('packages/raw-data/sources/text/exact-numbers.ts', [
  'test/packages/raw-data/sources/exact-numbers.test.ts',
]);
const spine = breaksOf('packages/raw-data/read-spine.ts', [spineTest]);
const restored = breaksOf('packages/raw-data/load/kept-files.ts', [
  'test/packages/raw-data/load/kept-files.test.ts',
]);
const duckDb = breaksOf('packages/duckdb/open-duckdb.ts');
const redis = breaksOf('packages/local-services/services/redis.ts');

/** Breaks of what an import folder's files and columns are, and of folders of any name. */
export const fileMutations = [
  restored(
    'a damaged cleaned file is not used',
    '(await checksumOf(file)) !== kept.crc32',
    'false',
  ),
  restored('a cleaned file has an end', '(validBefore === null || now < validBefore)', 'true'),
  restored('a cleaned file has a beginning', '(validFrom === null || validFrom <= now) &&', ''),
  restored('cleaned files are kept for a week', 'AGE_DAYS_MAX = 7', 'AGE_DAYS_MAX = 8'),
  names(
    'the case of a name is no matter',
    'name.toLowerCase().replace(compressions',
    'name.replace(compressions',
    [folder],
  ),
  listing(
    'a file that is no table is refused',
    'if (!found) throw refuse(`${label} is not read: ${whyRefused(entry.name)}`);',
    'if (!found) return;',
    [folder],
  ),
  numbers('numbers of more than 15 digits', 'digits.length > EXACT_DIGITS', 'digits.length > 99'),
  numbers('an escaped quote ends no text', "character === '\\\\'", 'false'),
  csv('packed twice', "compression !== 'none' && compressionOf", 'false && compressionOf', [
    spineTest,
  ]),
  spine('a spine may be packed', 'await findCompression(file)', "'none'"),
  listing('a table comes in one way', 'if (byWay.size > 1)', 'if (byWay.size > 9)', [folder]),
  listing('files follow each other by their names', 'sort(byTableAndLabel)', 'sort(() => 0)', [
    folder,
  ]),
  choosing('the exact name of a column counts', 'if (exact[0]) return exact[0];', '', [
    columns,
    parquet,
  ]),
  choosing('a column that is nearly ours is asked about', 'if (meant) {', 'if (meant && false) {', [
    columns,
  ]),
  choosing(
    'values of a file without a header are not repeated',
    'ignored.every((name) => LOOKS_LIKE_A_NAME.test(name))',
    'true',
    [columns],
  ),
  twins(
    'the columns have the names of the file',
    'name: (columns[index]?.name ?? identifier)',
    'name: (identifier)',
    [parquet],
  ),
  csv('UTF-16 is known by its mark', "if (mark.startsWith('feff')) return 'utf-16be';", '', [
    texts,
  ]),
  csv(
    'a carriage return among line feeds is in doubt',
    "if (kinds.has('CR')) {",
    "if (kinds.has('CR') && false) {",
    [texts],
  ),
  inspecting(
    'a character may lie in two chunks',
    'open = bytes.subarray(end);',
    'open = Buffer.alloc(0);',
    [texts],
  ),
  ends(
    'a line end in quotes is no end of a record',
    'else if (!this.isQuoted && byte === LINE_FEED)',
    'else if (byte === LINE_FEED)',
    [texts],
  ),
  json(
    'an array without its end is cut off',
    "text.lastCharacter !== ']'",
    "text.lastCharacter === ''",
    [texts],
  ),
  json('a nested value is no id', "IN ('OBJECT', 'ARRAY')", "IN ('NOTHING')", [texts]),
  unpacking(
    'zstd has many frames',
    "while (compression === 'zstd' && start < size)",
    'while (false)',
    [packed],
  ),
  duckDb('a folder is allowed by its pattern too', '[name, escapePattern(name)]', '[name]', [
    'test/packages/duckdb/open-duckdb.test.ts',
  ]),
  redis(
    'Redis reads its settings, whatever its folder is called',
    "args: ['-'],",
    'args: [configurationFile(context.paths.run)],',
    ['test/packages/local-services/stack.process.test.ts'],
  ),
];
