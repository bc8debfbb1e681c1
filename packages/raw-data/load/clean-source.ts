import { mkdir, open, readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { quoteLiteral, readParquet, type DuckDb } from '../../duckdb';
import { MICROS_PER_SECOND, type EpochMicros } from '../../instants';
import { cleanRowsForLoadSql, usedRatesSql, type CleaningRules } from './clean-rows-sql';
import { whileWatching } from '../load-progress';
import { CLOCK_TOLERANCE_MINUTES } from '../rejected/rejection-reasons';
import type { SourceFile } from '../sources/source-file';
import type { UsedRate } from '../values/conversion-sql';
import { settleTimes } from '../values/settle-times';
import { cleaningKey, stateOf } from './cleaning-key';
import { KeptEntry, type CleanedFile, type KeptFolder } from './kept-files';

export interface CleaningOptions {
  readonly rules: CleaningRules;
  readonly scratch: string;
  /** The beginning of the names in `scratch`. */
  readonly name: string;
  /** How many rows the table has in the sources before this one. */
  readonly rowsBefore: number;
  /** The source as it lies in the import folder; absent for rows that no one keeps in files. */
  readonly sourceFile?: string;
  /** Absent: nothing is kept. */
  readonly keeping?: KeptFolder;
  readonly onProgress?: (phase: 'reading' | 'cleaning', rows: number) => void;
  readonly signal?: AbortSignal;
}

/** The cleaned rows of a source. */
export interface CleanedSource {
  /** Parquet in the source's order: `cleanRowsForLoadSql`, rows numbered through the table's sources. */
  readonly files: readonly string[];
  readonly rows: number;
  /** By which of the rules' rates its good rows are converted. */
  readonly usedRates: readonly UsedRate[];
  /** What is kept of it; null where nothing is. */
  readonly kept: KeptEntry | null;
}

/**
 * Cleans the rows of a source, or as many of them as no earlier load has cleaned that was killed or
 * failed. A large source becomes several files, each of which is kept when it is finished.
 */
export async function cleanSource(
  duckDb: DuckDb,
  found: SourceFile,
  options: CleaningOptions,
): Promise<CleanedSource> {
  const { scratch, name, rules, rowsBefore } = options;
  const source = await settleTimes(duckDb, found, path.join(scratch, `${name}.exact.parquet`));
  const sqlFor = (moment: CleaningRules) =>
    `SELECT * REPLACE ("row" + ${rowsBefore} AS "row") FROM (${cleanRowsForLoadSql(source, moment)})`;
  const kept = await openKept(duckDb, source, { ...options, sqlFor });
  const findRates = async () => {
    const sql = usedRatesSql(source, rules);
    return sql === null ? [] : duckDb.rows<UsedRate>(sql);
  };
  if (kept === null) {
    const usedRates = await findRates();
    const file = path.join(scratch, `${name}.cleaned.parquet`);
    const copying = duckDb.rows<{ Count: bigint }>(
      `COPY (${sqlFor(rules)}) TO ${quoteLiteral(file)} (FORMAT parquet)`,
    );
    const [copied] = await copying;
    return { files: [file], rows: Number(copied!.Count), usedRates, kept };
  }
  const folder = path.join(scratch, name);
  await mkdir(folder);
  const restored = await kept.restore(folder, rules.now);
  const usedRates = restored.usedRates ?? (await findRates());
  const files = [...restored.files];
  if (!restored.isWhole) {
    const rest = { files, usedRates, kept, folder, sql: sqlFor(rules) };
    await cleanInPieces(duckDb, source, rest, options);
  }
  return { files: files.map(({ file }) => file), rows: rowsOf(files), usedRates, kept };
}

function rowsOf(files: readonly CleanedFile[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}

const SOURCE_BYTES_MIN = 8 * 1024 * 1024;

async function openKept(
  duckDb: DuckDb,
  source: SourceFile,
  options: CleaningOptions & { sqlFor: (rules: CleaningRules) => string },
): Promise<KeptEntry | null> {
  const { keeping, sourceFile, rules, sqlFor, onProgress, signal } = options;
  if (!keeping || sourceFile === undefined || source.readsFrom === undefined) return null;
  const state = await stateOf(sourceFile);
  const { bytes } = state;
  if (keeping.megabytesMax === 0 || bytes < (keeping.sourceBytesMin ?? SOURCE_BYTES_MIN))
    return null;
  const cleaning = {
    source: sourceFile,
    readsFrom: source.readsFrom,
    // Of the moment only that there is one: how long a file is valid is said beside it.
    sql: sqlFor({ ...rules, now: rules.now === null ? null : 0n }),
  };
  const { rowsAbout = 0 } = source;
  const key = await cleaningKey(duckDb, cleaning, (read) => {
    signal?.throwIfAborted();
    onProgress?.('reading', Math.round((rowsAbout * read) / bytes));
  });
  return new KeptEntry(keeping, key, { file: sourceFile, state });
}

const ROWS_PER_FILE = 491_520;
const ROW_GROUP_ROWS_MAX = 122_880;
const POLL_MILLIS = 200;

interface Rest {
  /** Those that are there; the others are added. */
  readonly files: CleanedFile[];
  readonly usedRates: readonly UsedRate[];
  readonly kept: KeptEntry;
  readonly folder: string;
  readonly sql: string;
}

/** Cleans the rows after those that are there, and keeps each file as soon as DuckDB has finished it. */
async function cleanInPieces(
  duckDb: DuckDb,
  source: SourceFile,
  rest: Rest,
  options: CleaningOptions,
): Promise<void> {
  const { keeping, onProgress, rowsBefore } = options;
  const rowsPerFile = keeping?.rowsPerFile ?? ROWS_PER_FILE;
  const rowGroupRows = Math.min(rowsPerFile, ROW_GROUP_ROWS_MAX);
  const target = path.join(rest.folder, 'new');
  const { kept } = rest;
  const pieces = new FinishedPieces(duckDb, { ...rest, target, options });
  // Numbering rows takes one thread; a second one would spin beside it.
  const single = await duckDb.openSingleThreaded();
  try {
    let isDone = false;
    const copying = single
      .run(
        `COPY (SELECT * FROM (${rest.sql}) WHERE "row" > ${rowsBefore + rowsOf(rest.files)})
         TO ${quoteLiteral(target)} (FORMAT parquet, ROW_GROUP_SIZE ${rowGroupRows},
           ROW_GROUPS_PER_FILE ${Math.ceil(rowsPerFile / rowGroupRows)}, FILENAME_PATTERN 'part_{i}')`,
      )
      .finally(() => (isDone = true));
    const { rowsAbout } = source;
    const watched = whileWatching(single, copying, (share) => {
      if (rowsAbout !== undefined) onProgress?.('cleaning', Math.round(rowsAbout * share));
    });
    try {
      while (!isDone) {
        await Promise.race([copying, delay(POLL_MILLIS)]);
        if (await pieces.take(isDone)) onProgress?.('cleaning', rowsOf(rest.files));
      }
    } finally {
      if (!isDone) single.connection.interrupt();
      await watched.catch(() => {});
    }
    await watched;
    await pieces.take(true);
    await kept.finish();
  } finally {
    single.close();
  }
}

/** The files of a COPY that is under way, taken one by one as they are finished. */
class FinishedPieces {
  private next = 0;

  constructor(
    private readonly duckDb: DuckDb,
    private readonly work: Rest & { readonly target: string; readonly options: CleaningOptions },
  ) {}

  /**
   * @param isAll  Whether no more are written.
   * @returns whether there was one.
   */
  async take(isAll: boolean): Promise<boolean> {
    const { folder, target } = this.work;
    const names = new Set(await readdir(target).catch(() => []));
    let isAny = false;
    for (;;) {
      const name = `part_${this.next}.parquet`;
      const written = path.join(target, name);
      if (!names.has(name)) return isAny;
      // The next one is begun before this one is finished.
      const isFollowed = names.has(`part_${this.next + 1}.parquet`);
      if (!isAll && !(isFollowed && (await endsAsParquet(written)))) return isAny;
      this.next += 1;
      const file = path.join(folder, `new-${name}`);
      await rename(written, file);
      await this.add(file);
      isAny = true;
    }
  }

  private async add(file: string): Promise<void> {
    const { files, kept, usedRates, options } = this.work;
    const cleaned = await describe(this.duckDb, file, options.rules.now);
    if (cleaned.rows === 0) return;
    files.push(cleaned);
    await kept.keep(cleaned, usedRates);
  }
}

/** DuckDB writes these four bytes last. */
const MAGIC = 'PAR1';

async function endsAsParquet(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size < 2 * MAGIC.length) return false;
    const { buffer } = await handle.read(
      Buffer.alloc(MAGIC.length),
      0,
      MAGIC.length,
      size - MAGIC.length,
    );
    return buffer.toString('latin1') === MAGIC;
  } finally {
    await handle.close();
  }
}

async function describe(
  duckDb: DuckDb,
  file: string,
  now: EpochMicros | null,
): Promise<CleanedFile> {
  const [found] = await duckDb.rows<{ rows: bigint; due: EpochMicros | null }>(
    `SELECT count(*) AS rows, epoch_us(min("due")) AS due FROM ${readParquet([file])}`,
  );
  const { rows, due } = found!;
  const tolerance = BigInt(CLOCK_TOLERANCE_MINUTES) * 60n * MICROS_PER_SECOND;
  return {
    file,
    rows: Number(rows),
    validFrom: now,
    validBefore: due === null ? null : due - tolerance,
  };
}
