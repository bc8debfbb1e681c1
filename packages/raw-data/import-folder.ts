import { stat } from 'node:fs/promises';
import path from 'node:path';
import { throwDatabaseError, type Database, type TransactionSql } from '../database';
import type { DuckDb } from '../duckdb';
import { formatInstant, MICROS_PER_SECOND, type EpochMicros } from '../instants';
import { findSourceFiles, type ImportSources } from './sources/find-source-files';
import { refuse } from './sources/refuse-import';
import { findHazards } from './hazards/find-hazards';
import { ensureInstallation, readInstallation, recordSource, requireSource } from './installation';
import { readFirstRows, type FirstRow } from './load/first-rows';
import { loadBatch, previewBatch, type LoadCounts } from './load/load-batch';
import type { LoadWait } from './load-lock';
import type { LoadProgress } from './load-progress';
import { prepareLoad, type PreparedTable } from './load/prepare-load';
import { openKeptFolder, type KeepingOptions } from './load/kept-files';
import type { PerTable } from './raw-tables';
import type { RejectedExample } from './rejected/record-rejected-rows';
import { findRates } from './find-rates';
import { readDeclarations } from './properties/declared-properties';
import { findProperties, type LoadProperties } from './properties/find-properties';
import type { RejectedLimits } from './rejected/judge-rejected-shares';
import { withDuckDb, withScratch, type OpenDuckDb } from './scratch';
import { CLOCK_TOLERANCE_MINUTES } from './rejected/rejection-reasons';
import { carriesArrival } from './sources/source-file';
import { describeSources, type SourceReport } from './sources/source-report';

export interface LoadReport extends LoadCounts, SourceReport {}

export interface ImportOptions {
  readonly database: Database;
  /** Holds files of any of the tables, on a first load users among them; see `listImportFolder`. */
  readonly folder: string;
  readonly scratchDir: string;
  readonly openDuckDb: OpenDuckDb;
  readonly currency: string;
  /**
   * How far the source is complete, with events or without; absent: its greatest accepted user event
   * (known ones count). Without any it is not recorded then.
   */
  readonly completeThrough?: EpochMicros;
  /** How many percent of a table's rows may be rejected. */
  readonly rejectedLimits: RejectedLimits;
  /** The name under which it counts as a loaded subfolder of CHURN_IMPORT_DIR, if it is one. */
  readonly recordedAs?: string;
  /** Loads the other rows, however many are rejected; the report still warns. */
  readonly acceptRejected?: boolean;
  /** For files without ingested_at: rows arrived when they happened, or when they are loaded. */
  readonly arrival: 'assumed' | 'now';
  /** The clock by which a row is in the future; absent: the database's. */
  readonly now?: () => EpochMicros;
  /** Where cleaned files wait for a load that is started again; absent: nowhere. */
  readonly keeping?: KeepingOptions;
  /** How many rows are copied at a time; see `loadBatch`. */
  readonly rowsPerCopy?: number;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Its abort ends the load, and leaves nothing of it but cleaned files. */
  readonly signal?: AbortSignal;
  /** For other loads. */
  readonly waiting?: LoadWait;
}

/**
 * Loads a folder of CSV, JSON and Parquet files as one batch. Bad rows are rejected one by one and
 * reported; the rest loads. Loading the same folder again changes nothing unless it has rejected
 * rows, which are then recorded again under a batch of their own, or comes with a later
 * `completeThrough`, which makes a batch without rows. Users may be left out once there are some.
 *
 * What is cleaned of large files is kept until a load of them succeeds: after a load that was killed or
 * failed, the next one of the same files begins with that.
 *
 * @throws ChurnError INVALID_IMPORT for a missing or malformed file or column, TOO_MANY_REJECTED,
 *   NOTHING_ACCEPTED when every row is rejected, SOURCE_MISMATCH on an installation with synthetic
 *   data; nothing has been changed then.
 */
export async function importFolder(options: ImportOptions): Promise<LoadReport> {
  const { recordedAs } = options;
  const report = await importFolderUnless(options, {
    isDone: async () => false,
    record: async (tx, batch) => {
      if (recordedAs !== undefined) await recordFolder(tx, recordedAs, batch);
    },
  });
  return report!;
}

export interface ImportHooks {
  /** Inside the transaction, before anything: whether there is nothing left to do. */
  isDone(tx: TransactionSql): Promise<boolean>;
  /** Inside the transaction, after everything. */
  record(tx: TransactionSql, batch: number | null): Promise<void>;
}

/** Notes that a subfolder of CHURN_IMPORT_DIR is loaded. Batch 0: it brought nothing new. */
export async function recordFolder(
  tx: TransactionSql,
  name: string,
  batch: number | null,
): Promise<void> {
  await tx`INSERT INTO ops.imported_folders (name, batch) VALUES (${name}, ${batch ?? 0})
    ON CONFLICT (name) DO NOTHING`;
}

/** `importFolder` with more work in the same transaction; null when `isDone` said so. */
export async function importFolderUnless(
  options: ImportOptions,
  hooks: ImportHooks,
): Promise<LoadReport | null> {
  const outcome = await withImport(options, async ({ duckDb, ...opened }) => {
    requireSource(await ensureInstallation(options.database, options), 'import');
    const prepared = await prepareImport(duckDb, { options, ...opened });
    const { batchOptions, rates, properties } = prepared;
    const counts = await loadBatch(options.database, {
      ...batchOptions,
      mayLoad: async (tx) => {
        requireSource(await readInstallation(tx), 'import');
        if (await hooks.isDone(tx)) return false;
        return (await rates.isCurrent(tx, batchOptions.tables)) && (await properties.isCurrent(tx));
      },
      record: async (tx, batch) => {
        if (batch !== null) {
          await recordSource(tx, { kind: 'import' });
          await rates.settle(tx, batchOptions.tables, batch);
          await properties.settle(tx, batch);
        }
        await hooks.record(tx, batch);
      },
    });
    const isOutdated = rates.isOutdated() || properties.isOutdated();
    if (counts === null) return isOutdated ? 'again' : null;
    await removeKept(batchOptions.tables);
    return { ...counts, ...describeImport(opened.found, properties) };
  });
  // Another load settled rates or types in the meantime: the values are to be read by those.
  return outcome === 'again' ? importFolderUnless(options, hooks) : outcome;
}

/** They have been loaded. What can't be removed now is removed when it is old. */
async function removeKept(tables: readonly PreparedTable[]): Promise<void> {
  const kept = tables.flatMap(({ parts }) => parts.flatMap((part) => part.kept ?? []));
  await Promise.all(kept.map((entry) => entry.remove().catch(() => {})));
}

function describeImport(
  { files, rates, declarations, companions }: ImportSources,
  { found }: LoadProperties,
): SourceReport {
  return describeSources([...files, ...rates, ...declarations], companions, found);
}

/** What an import would do, and how its files were understood. */
export interface ImportPreview extends LoadReport {
  readonly dry_run: {
    /** Code and message of the error that would end it; null when it would load. */
    readonly error: { readonly code: string; readonly message: string } | null;
    readonly complete_through: string | null;
    /** The columns that are read of each file, by its path, under the names that they have here. */
    readonly columns: Readonly<Record<string, readonly string[]>>;
    readonly first_rows: PerTable<readonly FirstRow[]>;
    /** The first row of each table and reason. */
    readonly examples: readonly RejectedExample[];
  };
}

/**
 * Tries an import and takes it back: the same code runs to the end of its transaction, so that it
 * can't say anything else than the import will. Nothing is changed, not even an installation made.
 *
 * @throws ChurnError INVALID_IMPORT, SOURCE_MISMATCH as `importFolder`. What `importFolder` throws for
 *   rejected rows is part of the answer.
 */
export async function previewImport(options: ImportOptions): Promise<ImportPreview> {
  return withImport(options, async ({ duckDb, ...opened }) => {
    const prepared = await prepareImport(duckDb, { options, ...opened });
    const preview = await previewBatch(options.database, {
      ...prepared.batchOptions,
      mayLoad: async (tx) => {
        requireSource(await ensureInstallation({ sql: tx }, options), 'import');
        return true;
      },
      record: async () => {},
    });
    const { counts, refusal, completeThrough, examples } = preview!;
    return {
      ...counts,
      batch: null,
      ...describeImport(opened.found, prepared.properties),
      dry_run: {
        error: refusal && { code: refusal.code, message: refusal.message },
        complete_through: completeThrough === null ? null : formatInstant(completeThrough),
        columns: columnsRead(opened.found),
        first_rows: await readFirstRows(duckDb, prepared.batchOptions.tables, opened),
        examples,
      },
    };
  });
}

function columnsRead({ files, rates, declarations }: ImportSources): Record<string, string[]> {
  return Object.fromEntries(
    [...files, ...rates, ...declarations].map(({ label, columns, properties, attributes }) => [
      label,
      [
        ...columns.keys(),
        ...[...properties.keys()].map((name) => `p_${name}`),
        ...[...attributes.keys()].map((name) => `a_${name}`),
      ],
    ]),
  );
}

interface OpenedImport {
  readonly duckDb: DuckDb;
  readonly found: ImportSources;
  readonly scratch: string;
  /** Its absolute path. */
  readonly folder: string;
  /** Whether there are no users yet. */
  readonly isFirstLoad: boolean;
}

async function withImport<T>(
  options: ImportOptions,
  work: (opened: OpenedImport) => Promise<T>,
): Promise<T> {
  const folder = path.resolve(options.folder);
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw refuse(`there is no folder ${options.folder}`);
  const needsUsers = !(await hasUsers(options.database));
  const { onProgress, signal } = options;
  return withScratch(options.scratchDir, (scratch) =>
    withDuckDb(
      options.openDuckDb,
      [folder, scratch],
      async (duckDb) => {
        const found = await findSourceFiles(duckDb, {
          folder,
          scratch,
          needsUsers,
          readDeclarations,
          onProgress,
          signal,
        });
        return work({ duckDb, found, scratch, folder, isFirstLoad: needsUsers });
      },
      signal,
    ),
  );
}

/** The first import brings the users that the rows of every other refer to. */
async function hasUsers({ sql }: Database): Promise<boolean> {
  const [row] = await sql<{ found: boolean }[]>`
    SELECT EXISTS (SELECT FROM raw_data.users) AS found`.catch(throwDatabaseError);
  return row!.found;
}

async function prepareImport(
  duckDb: DuckDb,
  opened: Omit<OpenedImport, 'duckDb'> & { options: ImportOptions },
) {
  const { options, found, scratch, folder } = opened;
  const { database, currency, arrival, completeThrough } = options;
  const { rowsPerCopy, onProgress, waiting, signal } = options;
  const now = options.now?.() ?? (await readClock(database));
  requireNotInFuture(completeThrough, now);
  const rates = await findRates(options, duckDb, found.rates);
  const properties = await findProperties(database, duckDb, found);
  const rules = {
    currency,
    rates: rates.rates,
    properties: properties.types,
    now,
    missingArrival: arrival,
  };
  const keeping = options.keeping && (await openKeptFolder(options.keeping));
  const tables = await prepareLoad(duckDb, found.files, {
    rules,
    scratch,
    folder,
    keeping,
    onProgress,
    signal,
  });
  const hazards = await findHazards(duckDb, tables, opened);
  const batchOptions = {
    completeBy: hazards.completeBy,
    warnings: [...hazards.warnings, ...rates.warnings],
    source: 'import' as const,
    arrival: found.files.every(carriesArrival) ? ('carried' as const) : arrival,
    tables,
    duckDb,
    scratch,
    completeThrough,
    limits: limitsOf(options),
    rowsPerCopy,
    onProgress,
    waiting,
    signal,
  };
  return { batchOptions, rates, properties };
}

function limitsOf({ rejectedLimits, acceptRejected }: ImportOptions): RejectedLimits {
  return acceptRejected ? { ...rejectedLimits, failPercent: 100 } : rejectedLimits;
}

/** The greatest completeness ever said counts for good: one in the future can't be taken back. */
function requireNotInFuture(completeThrough: EpochMicros | undefined, now: EpochMicros): void {
  const latest = now + BigInt(CLOCK_TOLERANCE_MINUTES) * 60n * MICROS_PER_SECOND;
  if (completeThrough === undefined || completeThrough <= latest) return;
  throw refuse(`--complete-through lies in the future (${formatInstant(completeThrough)})`);
}

async function readClock({ sql }: Database): Promise<EpochMicros> {
  const [row] = await sql<{ micros: string }[]>`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text AS micros`;
  return BigInt(row!.micros);
}
