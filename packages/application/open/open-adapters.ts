import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { dataPaths, type Config, type DataPaths } from '../../config';
import type { AuditReport, Progress } from '../../contracts';
import { openDatabase, type Database } from '../../database';
import { openDuckDb, type DuckDb } from '../../duckdb';
import { makeFolder } from '../../durable-files';
import { minorUnitDigits } from '../../currencies';
import { featureSet as twoDecimals, featureSetOf, type FeatureSet } from '../../features';
import type { EpochMicros } from '../../instants';
import { createLedger, type Ledger } from '../../offline-store';
import { claimInstallation, openRedisForWriting } from '../../online-store';
import {
  auditRawLog,
  ensureInstallation,
  repairRawLog,
  syncRawLog,
  withoutReaderFolder,
  withRawLog,
  type Installation,
  type RawLog,
  type RawRepair,
} from '../../raw-data';
import {
  claimDirectory,
  requireOwnDatabase,
  resolveConnections,
  type Connections,
} from '../../local-services';
import { rawLogWaitOf } from '../raw-log-wait-of';
import type { ApplicationObserver } from './application-observer';

/** The adapters of one installation, opened once and shared by everything a process does. */
export interface Adapters {
  readonly config: Config;
  readonly connections: Connections;
  readonly paths: DataPaths;
  readonly featureSet: FeatureSet;
  readonly database: Database;
  readonly ledger: Ledger;
  readonly redis: Redis;
  /** A DuckDB of its own, confined to the installation's folders and those named. */
  openDuckDb(directories?: readonly string[]): Promise<DuckDb>;
  /** The same for a load: with half the memory, and progress that can be asked for. */
  openLoadingDuckDb(directories: readonly string[]): Promise<DuckDb>;
  /** Has every committed batch mirrored. Whoever reads the segments uses `withRawLog`. */
  rawLog(): Promise<RawLog>;
  /**
   * Runs work with the raw log, whose segments stay as long as the work runs. The progress is told of a
   * wait for the log. Its abort ends that wait and the update of the log; the work looks at it itself.
   */
  withRawLog<T>(
    work: (rawLog: RawLog) => Promise<T>,
    progress: Pick<Progress, 'report' | 'signal'> | undefined,
  ): Promise<T>;
  /** Compares it with Postgres. */
  auditRawLog(): Promise<AuditReport>;
  /** Makes it again from Postgres wherever it differs. */
  repairRawLog(): Promise<RawRepair>;
  /** This one, made at the first call. @throws ChurnError INSTALLATION_MISMATCH, EMPTY_DATABASE */
  installation(): Promise<Installation>;
  readonly now: () => EpochMicros;
  readonly observer?: ApplicationObserver;
  close(): Promise<void>;
}

export interface ApplicationOptions {
  /** Default: the one of this release, for the currency of the settings. */
  readonly featureSet?: FeatureSet;
  /** Default: nobody is told anything. */
  readonly observer?: ApplicationObserver;
}

/** That of most currencies is made once, when its module is loaded. */
function releasedFeatureSet({ currency }: Config): FeatureSet {
  const digits = minorUnitDigits(currency)!;
  return digits === 2 ? twoDecimals : featureSetOf({ minorUnitDigits: digits });
}

/**
 * Opens the adapters. Nothing connects until it is used, so that a process can start, and say
 * what is wrong, while a service is down.
 */
export async function openAdapters(
  config: Config,
  options: ApplicationOptions = {},
): Promise<Adapters> {
  const { featureSet = releasedFeatureSet(config) } = options;
  const connections = resolveConnections(config);
  const paths = dataPaths(config.dataDir);
  await makeFolder(paths.scratch);
  await removeAbandoned(paths.scratch);
  const database = openDatabase(connections.databaseUrl);
  const redis = openRedisForWriting(connections.redisUrl);
  const { open, openLoading } = duckDbsOf(config, paths);
  const rawLogOptions = {
    database,
    rawLogDir: paths.rawLog,
    scratchDir: paths.scratch,
    openDuckDb: open,
  };
  return {
    config,
    connections,
    paths,
    featureSet,
    database,
    ledger: createLedger(database),
    redis,
    openDuckDb: open,
    openLoadingDuckDb: openLoading,
    rawLog: async () => {
      await requireOwnDatabase(paths, database.sql);
      return syncRawLog(rawLogOptions);
    },
    withRawLog: async (work, progress) => {
      await requireOwnDatabase(paths, database.sql);
      return withRawLog({ ...rawLogOptions, ...(progress && rawLogWaitOf(progress)) }, work);
    },
    auditRawLog: async () => {
      await requireOwnDatabase(paths, database.sql);
      return auditRawLog(rawLogOptions);
    },
    repairRawLog: async () => {
      await requireOwnDatabase(paths, database.sql);
      return repairRawLog(rawLogOptions);
    },
    installation: async () => {
      await requireOwnDatabase(paths, database.sql);
      const installation = await ensureInstallation(database, { currency: config.currency });
      await claimDirectory(paths, installation.id);
      return installation;
    },
    now: () => BigInt(Date.now()) * 1000n,
    observer: options.observer,
    close: async () => {
      redis.disconnect();
      await database.close();
    },
  };
}

function duckDbsOf(config: Config, paths: DataPaths) {
  const { memoryMegabytes, threads } = config.duckdb;
  const optionsFor = (directories: readonly string[]) => ({
    allowedDirectories: [config.dataDir, ...directories],
    scratchDirectory: paths.scratch,
    memoryMegabytes,
    settingMegabytes: memoryMegabytes,
    threads,
    nameOf: withoutReaderFolder,
  });
  return {
    open: (directories: readonly string[] = []) => openDuckDb(optionsFor(directories)),
    // By default, a load and all that is beside DuckDB in its process stay below a gibibyte.
    openLoading: (directories: readonly string[]) =>
      openDuckDb({
        ...optionsFor(directories),
        memoryMegabytes: Math.max(LOADING_MEGABYTES_MIN, Math.floor(memoryMegabytes / 2)),
        countsProgress: true,
      }),
  };
}

const LOADING_MEGABYTES_MIN = 128;

/** No work that is still under way leaves its folder unchanged for so long. */
const ABANDONED_AFTER_MILLIS = 24 * 60 * 60_000;

/** Removes what killed processes left in the scratch folder. */
async function removeAbandoned(scratch: string): Promise<void> {
  for (const name of await readdir(scratch)) {
    const entry = path.join(scratch, name);
    const changed = await stat(entry).catch(() => undefined); // Its owner may be removing it.
    if (!changed || Date.now() - changed.mtimeMs < ABANDONED_AFTER_MILLIS) continue;
    await rm(entry, { recursive: true, force: true }).catch(() => {});
  }
}

/**
 * Makes sure that Postgres and Redis belong to the same installation.
 *
 * @throws ChurnError INSTALLATION_MISMATCH
 */
export async function requireSameInstallation(adapters: Adapters): Promise<Installation> {
  const installation = await adapters.installation();
  await claimInstallation(adapters.redis, installation.id);
  return installation;
}
