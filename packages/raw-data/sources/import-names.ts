import { importTableNames, type ImportTable, type RawTable } from '../raw-tables';
import type { FileFormat } from './source-file';

/** What a name in an import folder says; the content of a file decides the rest. */
export interface ImportName {
  /** Lower case, without the endings of format and compression. */
  readonly stem: string;
  /** Undefined where the name does not say: the content decides. */
  readonly format: FileFormat | undefined;
}

const compressions = /\.(gz|gzip|zst|zstd)$/;

const formats: readonly (readonly [FileFormat, RegExp])[] = [
  ['csv', /\.(csv|tsv|tab|psv|txt)$/],
  ['json', /\.(json|jsonl|ndjson)$/],
  // Spark and pandas say in front of or behind it what Parquet uses inside.
  ['parquet', /(\.(snappy|gz|gzip|zst|zstd|lz4|lz4raw|brotli|uncompressed))?\.(parquet|parq|pq)$/],
];

/** Takes a name apart, whatever its case. */
export function parseImportName(name: string): ImportName {
  const unpacked = name.toLowerCase().replace(compressions, '');
  const found = formats.find(([, ending]) => ending.test(unpacked));
  if (!found) return { stem: unpacked, format: undefined };
  const [format, ending] = found;
  return { stem: unpacked.replace(ending, ''), format };
}

/** `-000000000000`, `_0001_part_00`, `-00000-of-00010`, `_2024-01-01`; without a separator `0000`. */
const SHARD = /^(?:[-_.](?=.)|(?=\d{3}))(?:(?:part|of)?[-_.]?\d+(?!\d)[-_.]?)+$/;

/** Which table a stem stands for: as the whole, or as one of several files. */
export function tableOf(stem: string): { table: ImportTable; isShard: boolean } | null {
  const table = importTableNames.find((name) => stem.startsWith(name));
  if (!table) return null;
  const rest = stem.slice(table.length);
  if (rest === '') return { table, isShard: false };
  return SHARD.test(rest) ? { table, isShard: true } : null;
}

/**
 * Files that come with an export, a system or an editor and hold no rows. Everything else that is
 * no table is refused, because it may be a table under a name that we do not know.
 */
const companions: readonly RegExp[] = [
  /^(readme|license|licence|notice|copying)(\.(md|txt|rst|html|adoc))?$/,
  /^(\.ds_store|\._.*|\.directory|thumbs\.db|desktop\.ini)$/,
  /^\.(keep|gitkeep|gitignore|gitattributes)$/,
  /^(\.~lock\..*#|~\$.*)$/,
  // Spark, Hadoop, Databricks and Parquet's own summaries.
  /^_(success|metadata|common_metadata|symlink_format_manifest)$/,
  /^_(committed|started)_\d+$/,
  /\.crc$/,
  /^(.*[-_.])?manifest(\.(json|txt|csv))?$/,
  /^(md5sums?|sha(1|256|512)sums?)(\.txt)?$/,
  /\.(md5|sha1|sha256|sha512)$/,
];

const companionFolders: readonly RegExp[] = [
  /^_temporary$/,
  /^\.spark-staging.*$/,
  /^__macosx$/,
  /^\.(git|svn|ipynb_checkpoints)$/,
  /^(\$recycle\.bin|system volume information|lost\+found)$/,
];

export function isCompanion(name: string, kind: 'file' | 'folder'): boolean {
  const known = kind === 'file' ? companions : companionFolders;
  return known.some((pattern) => pattern.test(name.toLowerCase()));
}

const advice: readonly (readonly [RegExp, string])[] = [
  [
    /\.(xlsx|xlsm|xlsb|xls|ods|numbers)$/,
    'it is a spreadsheet; save each sheet as "CSV UTF-8" under the name of its table',
  ],
  [
    /\.(zip|tar|tgz|7z|rar|bz2|xz|lz4|sz|snappy|br|z)$/,
    'it is packed in a way that is not read; unpack it, or pack each file with gzip or zstd',
  ],
  [
    /\.(avro|orc|arrow|feather|sqlite3?|db|duckdb|sql|dump|xml|yaml|yml|pkl|h5|dta|sav)$/,
    'its format is not read; write it as CSV, JSON lines or Parquet',
  ],
  [
    /(\.(tmp|temp|part|partial|filepart|crdownload|download|swp|bak|old|orig)|~)$|^\..*\.[a-z0-9]{6}$/,
    'it looks unfinished or left over; finish it or take it out',
  ],
  [
    /^(_delta_log|\.hoodie)$/,
    'a table of Delta or Hudi is not read; write it out as plain Parquet',
  ],
];

/** Tables of billing and analytics programs, whose columns are their own, and what they are near to. */
const foreignTables: readonly (readonly [RegExp, RawTable])[] = [
  [
    /^((unified_)?payments?|charges?|invoices?|refunds?|disputes?|subscriptions?)$/,
    'billing_events',
  ],
  [/^(customers?|persons?|people|identifies)$/, 'users'],
  [/^tracks$/, 'user_events'],
];

/** Why a name that is none of ours is refused, and what to do, as the rest of a sentence. */
export function whyRefused(name: string): string {
  const known = advice.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1];
  if (known) return known;
  const { stem } = parseImportName(name);
  const foreign = foreignTables.find(([pattern]) => pattern.test(stem))?.[1];
  if (foreign) {
    return `it is named like another program's table; if its columns are those of ${foreign}, rename it, otherwise map it first as examples/exports shows`;
  }
  const nearest = nearTables(stem);
  if (nearest.length > 0) return `did you mean ${nearest.join(' or ')}? Rename it or take it out`;
  return `it is none of ${importTableNames.join(', ')}; rename it or take it out`;
}

/** The tables whose name is close, by letters or by words. Pure. */
function nearTables(stem: string): ImportTable[] {
  const letters = squash(stem);
  const within = importTableNames.filter((table) => letters.startsWith(squash(table)));
  if (within.length > 0) return within;
  const close = importTableNames.filter((table) => editDistance(letters, squash(table)) <= 2);
  if (close.length > 0) return close;
  const words = stem.split(/[^a-z]+/).filter((word) => word.length > 3);
  return importTableNames.filter((table) =>
    table.split('_').some((part) => words.some((word) => editDistance(word, part) <= 1)),
  );
}

/** A name without what people write differently: case, separators, blanks. */
export function squash(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Levenshtein's distance: how many letters to put in, take out or replace. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...left].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...right].entries()) {
      const replaced = row[j]! + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
