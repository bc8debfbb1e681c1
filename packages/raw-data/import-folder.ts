import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Database, TransactionSql } from '../database';
import { formatInstant, MICROS_PER_SECOND, type EpochMicros } from '../instants';
import { findSourceFiles } from './sources/find-source-files';
import { refuse } from './sources/refuse-import';
import { ensureInstallation, readInstallation, recordSource, requireSource } from './installation';
import { loadBatch, type LoadCounts } from './load/load-batch';
import type { LoadProgress } from './load-progress';
import { prepareLoad } from './load/prepare-load';
import type { RejectedLimits } from './rejected/judge-rejected-shares';
import { withDuckDb, withScratch, type OpenDuckDb } from './scratch';
import { CLOCK_TOLERANCE_MINUTES } from './rejected/rejection-reasons';
import { carriesArrival } from './sources/source-file';
import { describeSources, type SourceReport } from './sources/source-report';

export interface LoadReport extends LoadCounts, SourceReport {}

export interface ImportOptions {
  readonly database: Database;
  /** Holds users and, as there are any, plan_changes, user_events and billing_events; see `listImportFolder`. */
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
  /** Loads the other rows, however many are rejected; the report still warns. */
  readonly acceptRejected?: boolean;
  /** For files without ingested_at: rows arrived when they happened, or when they are loaded. */
  readonly arrival: 'assumed' | 'now';
  /** The clock by which a row is in the future; absent: the database's. */
  readonly now?: () => EpochMicros;
  readonly onProgress?: (progress: LoadProgress) => void;
}

/**
 * Loads a folder of CSV, JSON and Parquet files as one batch. Bad rows are rejected one by one and
 * reported; the rest loads. Loading the same folder again changes nothing unless it has rejected
 * rows, which are then recorded again under a batch of their own, or comes with a later
 * `completeThrough`, which makes a batch without rows. Users may be left out once there are some.
 *
 * @throws ChurnError INVALID_IMPORT for a missing or malformed file or column, TOO_MANY_REJECTED,
 *   NOTHING_ACCEPTED when every row is rejected, SOURCE_MISMATCH on an installation with synthetic
 *   data; nothing has been changed then.
 */
export async function importFolder(options: ImportOptions): Promise<LoadReport> {
  const report = await importFolderUnless(options, {
    isDone: async () => false,
    record: async () => {},
  });
  return report!;
}

export interface ImportHooks {
  /** Inside the transaction, before anything: whether there is nothing left to do. */
  isDone(tx: TransactionSql): Promise<boolean>;
  /** Inside the transaction, after everything. */
  record(tx: TransactionSql, batch: number | null): Promise<void>;
}

/** `importFolder` with more work in the same transaction; null when `isDone` said so. */
export async function importFolderUnless(
  options: ImportOptions,
  hooks: ImportHooks,
): Promise<LoadReport | null> {
  const folder = path.resolve(options.folder);
  const isFolder = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder) throw refuse(`there is no folder ${options.folder}`);
  return withScratch(options.scratchDir, (scratch) =>
    withDuckDb(options.openDuckDb, [folder, scratch], async (duckDb) => {
      const { files: sources, companions } = await findSourceFiles(duckDb, { folder, scratch });
      requireSource(await ensureInstallation(options.database, options), 'import');
      const now = options.now?.() ?? (await readClock(options.database));
      requireNotInFuture(options.completeThrough, now);
      const rules = { currency: options.currency, now, missingArrival: options.arrival };
      const tables = await prepareLoad(duckDb, sources, { rules, scratch, folder });
      const counts = await loadBatch(options.database, {
        source: 'import',
        arrival: sources.every(carriesArrival) ? 'carried' : options.arrival,
        tables,
        duckDb,
        completeThrough: options.completeThrough,
        limits: limitsOf(options),
        mayLoad: async (tx) => {
          requireSource(await readInstallation(tx), 'import');
          return !(await hooks.isDone(tx));
        },
        record: async (tx, batch) => {
          if (batch !== null) await recordSource(tx, { kind: 'import' });
          await hooks.record(tx, batch);
        },
        onProgress: options.onProgress,
      });
      return counts && { ...counts, ...describeSources(sources, companions) };
    }),
  );
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
