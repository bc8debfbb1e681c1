import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import {
  backfillDocument,
  backfillWorkflowId,
  ChurnError,
  dailyRunStart,
  stepNames,
  workflowTypes,
  type BackfillProgress,
  type BackfillRequest,
  type DateError,
  type DailyRunProgress,
  type DailyRunReport,
  type Progress,
} from '../contracts';
import type { LogicalDate } from '../instants';
import { auditModels } from '../modeling';
import { auditOnline } from '../online-store';
import {
  exportRawTables,
  generateDays,
  importFolder,
  previewImport,
  type ImportOptions,
} from '../raw-data';
import { generateArrivals, LATEST_WORLD_VERSION } from '../synthetic';
import { atRisk } from './at-risk-list';
import { auditOffline, repairOffline } from './partitions/audit-offline';
import { requireNotInFuture, restatePartitions } from './daily-run/daily-run-services';
import { warnBeforeData } from './backfills/dates-before-data';
import { detectDriftNow } from './drift/drift-services';
import { loadOptions } from './daily-run/generate-data';
import {
  listModelVersions,
  predict,
  promote,
  publishedChampion,
  publishModels,
  replayPrediction,
  rollback,
  showModelVersion,
  train,
} from './models/model-services';
import { createModelEventLog } from './models/model-event-log';
import type { Adapters } from './open/open-adapters';
import { overAdapters } from './open/over-adapters';
import { newestPartition } from './partitions/partition-services';
import { listPartitionRows } from './partitions/list-partition-rows';
import { openForWriting } from '../local-services';
import { repairOnlineStore } from './partitions/repair-online-store';
import { exportRejected, listRejected } from './rejected-rows';
import { listBackfills } from './backfills/list-backfills';
import { askProgress, createStateNote, UNANSWERED } from './ask-progress';
import { createStepNotes } from './pending-failures';
import { syncNewestPartition } from './partitions/sync-online';
import { asTemporalError, type BackfillRuns, type LazyTemporal } from './backfills/temporal-runs';
import { userFeatures } from './history/user-features';
import { writeHistory } from './history/write-history';

const DEFAULT_USERS = 2_000;
const DEFAULT_SEED = 42;

export type Services = ReturnType<typeof createServices>;

/** What the command line can do, one function per command. */
export function createServices(
  adapters: Adapters,
  temporal: LazyTemporal,
  backfills: BackfillRuns,
) {
  const over = overAdapters(adapters);
  return {
    ...createDataServices(adapters),
    ...createRunServices(adapters, temporal, backfills),
    listRejected: over(listRejected),
    exportRejected: over(exportRejected),
    listPartitions: over(listPartitionRows),
    userFeatures: over(userFeatures),
    writeHistory: over(writeHistory),
    train: async (options: { asOf?: LogicalDate }, progress: Progress) => {
      await openForWriting(adapters.config);
      return train(adapters, options, progress);
    },
    listModels: over(listModelVersions),
    showModel: over(showModelVersion),
    promoteModel: over(promote),
    rollbackModel: over(rollback),
    publishModels: over(publishModels),
    champion: over(publishedChampion),
    predict: over(predict),
    atRisk: over(atRisk),
    drift: over(detectDriftNow),
    replay: over(replayPrediction),
    sync: over(syncNewestPartition),
    audit: over(audit),
    repairRaw: () => adapters.repairRawLog(),
    repairOffline: over(repairOffline),
    repairOnline: over(repairOnlineStore),
  };
}

function createDataServices(adapters: Adapters) {
  return {
    /**
     * Loads synthetic arrivals; the world that is there already decides what is not said, and
     * where there is none, it is of the latest version.
     */
    generate: async (
      options: {
        from: LogicalDate;
        to: LogicalDate;
        users?: number;
        seed?: number;
        start?: LogicalDate;
        version?: number;
      },
      progress: Progress,
    ) => {
      await openForWriting(adapters.config);
      const { world } = await adapters.installation();
      const { from, to, users, seed, start, version } = options;
      return generateDays({
        ...loadOptions(adapters, progress),
        generateArrivals,
        from,
        to,
        world: {
          version: version ?? world?.version ?? LATEST_WORLD_VERSION,
          users: users ?? world?.users ?? DEFAULT_USERS,
          seed: seed ?? world?.seed ?? DEFAULT_SEED,
          ...(start ? { start } : {}),
        },
      });
    },
    importFolder: async (options: ImportRequest, progress: Progress) => {
      await openForWriting(adapters.config);
      return importFolder(importOptions(adapters, options, progress));
    },
    previewImport: (options: ImportRequest, progress: Progress) =>
      previewImport(importOptions(adapters, options, progress)),
    exportRaw: ({ folder, format }: { folder: string; format: 'parquet' | 'csv' }) =>
      exportRawTables({
        database: adapters.database,
        scratchDir: adapters.paths.scratch,
        openDuckDb: (directories) => adapters.openDuckDb(directories),
        folder: path.resolve(folder),
        format,
      }),
  };
}

type ImportRequest = Pick<
  ImportOptions,
  'folder' | 'arrival' | 'completeThrough' | 'acceptRejected'
>;

/** A subfolder of CHURN_IMPORT_DIR that is loaded by hand is one that daily runs need not load. */
function importOptions(
  adapters: Adapters,
  request: ImportRequest,
  progress: Progress,
): ImportOptions {
  const { importDir, rejectedLimits } = adapters.config;
  const folder = path.resolve(request.folder);
  const isNext = importDir !== undefined && path.dirname(folder) === path.resolve(importDir);
  return {
    ...loadOptions(adapters, progress),
    ...request,
    folder,
    rejectedLimits,
    ...(isNext ? { recordedAs: path.basename(folder) } : {}),
    now: adapters.now,
  };
}

/** Polls of a running workflow; it answers a query, so that progress can be shown. */
const POLL_MILLIS = 500;

function createRunServices(adapters: Adapters, temporal: LazyTemporal, backfills: BackfillRuns) {
  return {
    /** Runs, or attaches to, the daily run of a date, and waits for its report. */
    runDay: async (date: LogicalDate, progress: Progress) => {
      await openForWriting(adapters.config);
      const report = await runDay(adapters, temporal, date, progress);
      return { ...report, warnings: await warnBeforeData(adapters, { from: date, to: date }) };
    },
    planBackfill: async (request: BackfillRequest) => {
      const plan = await backfills.plan(request);
      const { planned, skipped, knowledge } = plan;
      return {
        id: 'dry-run',
        status: 'dry-run',
        known_at: knowledge.knownAt,
        planned,
        succeeded: 0,
        skipped,
        failed: [] as string[],
        errors: [] as DateError[],
        reason: null,
        chunks: plan.chunks,
        warnings: plan.warnings,
      };
    },
    backfill: async (request: BackfillRequest, progress: Progress) => {
      await openForWriting(adapters.config);
      const { id, warnings } = await backfills.start(request, progress);
      const ended = await waitForBackfill({ id, adapters, backfills, temporal }, progress);
      return { ...backfillDocument(ended), warnings };
    },
    listBackfills: async () => (await listBackfills(adapters, backfills)).map(backfillDocument),
    pauseBackfill: async (id: string) => backfillDocument(await backfills.pause(id)),
    resumeBackfill: async (id: string) => backfillDocument(await backfills.resume(id)),
    cancelBackfill: async (id: string) => backfillDocument(await backfills.cancel(id)),
    restate: async ({ dryRun }: { dryRun: boolean }, progress: Progress) => {
      const report = await restatePartitions(adapters, { dryRun, runId: randomUUID() }, progress);
      // Also where nothing was restated: an earlier call may have been stopped before its sync.
      if (!dryRun) await syncNewestPartition(adapters, progress);
      return report;
    },
  };
}

async function runDay(
  adapters: Adapters,
  temporal: LazyTemporal,
  date: LogicalDate,
  progress: Progress,
): Promise<DailyRunReport> {
  // A synthetic world runs ahead of the clock: its own load says what is in the future there.
  const { source } = await adapters.installation();
  if (source !== 'synthetic') requireNotInFuture(date, adapters.now());
  const client = await temporal.client();
  const [done] = await adapters.database.sql<{ report: DailyRunReport }[]>`
    select report from ops.daily_runs where date = ${date} and status = 'succeeded'`;
  if (done) return done.report;
  try {
    const handle = await client.workflow.start(workflowTypes.dailyRun, dailyRunStart(date));
    const result = handle.result() as Promise<DailyRunReport>;
    const noteSteps = createStepNotes(handle, progress);
    const noteSilence = createStateNote(progress, UNANSWERED);
    return await whileShowing(result, async () => {
      await noteSteps();
      const answer = await askProgress<DailyRunProgress>(client, handle);
      noteSilence(answer === undefined);
      if (!answer) return;
      const { running, settled } = answer;
      progress.report({ what: running.join(', '), done: settled.length, total: stepNames.length });
    });
  } catch (error) {
    throw runFailure(`The daily run of ${date}`, error);
  }
}

async function waitForBackfill(
  options: { id: string; adapters: Adapters; backfills: BackfillRuns; temporal: LazyTemporal },
  progress: Progress,
): Promise<BackfillProgress> {
  const { id, adapters, backfills, temporal } = options;
  const handle = (await temporal.client()).workflow.getHandle(backfillWorkflowId(id));
  const cancel = () => void backfills.cancel(id).catch(() => {});
  if (progress.signal.aborted) cancel();
  progress.signal.addEventListener('abort', cancel);
  const noteSteps = createStepNotes(handle, progress);
  const noteSilence = createStateNote(progress, UNANSWERED);
  const notePause = createStateNote(
    progress,
    `Backfill ${id} is paused. To resume it, run \`churn backfills resume ${id}\` elsewhere.`,
  );
  await whileShowing(handle.result().catch(unlessItFailed), async () => {
    await noteSteps();
    const { status, planned, reason } = await backfills.progress(id);
    noteSilence(reason === UNANSWERED);
    notePause(status === 'paused');
    // The workflow is told every few seconds; the ledger knows each date at once.
    const done = await adapters.ledger.countPublishedBy(id);
    progress.report({ what: `backfill ${id}`, done, total: planned });
  });
  return backfills.progress(id);
}

/** How a backfill failed is in its progress; that Temporal went away is not. */
function unlessItFailed(error: unknown): void {
  if (!(error instanceof WorkflowFailedError)) throw asTemporalError(error);
}

/** Shows progress until the work is done; a query that fails is no reason to stop. */
async function whileShowing<T>(work: Promise<T>, show: () => Promise<void>): Promise<T> {
  let isDone = false;
  const watched = work.finally(() => (isDone = true));
  watched.catch(() => {});
  while (!isDone) {
    await show().catch(() => {});
    await Promise.race([watched.catch(() => {}), pause(POLL_MILLIS)]);
  }
  return watched;
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

/** What went wrong is in the report of the run, or else in the innermost cause. */
function runFailure(what: string, error: unknown): unknown {
  const known = asTemporalError(error);
  if (known !== error || !(error instanceof Error)) return known;
  const failed = reportIn(error)?.steps.find(({ status }) => status === 'failed');
  if (failed && typeof failed.result === 'string') {
    const problem = `${failed.step}: ${failed.result}`;
    return new ChurnError('RUN_FAILED', { what, problem }, { cause: error });
  }
  let cause: Error = error;
  while (cause.cause instanceof Error) cause = cause.cause;
  const problem = cause.message.replace(/\.$/, '');
  return new ChurnError('RUN_FAILED', { what, problem }, { cause: error });
}

/** A daily run that fails says so in a failure whose details hold its report. */
function reportIn(error: Error): DailyRunReport | undefined {
  const failure = error.cause;
  if (!(failure instanceof ApplicationFailure) || failure.type !== 'RUN_FAILED') return undefined;
  return failure.details?.[0] as DailyRunReport | undefined;
}

export type AuditedStore = 'raw' | 'offline' | 'online' | 'models';

async function audit(adapters: Adapters, store: AuditedStore, progress: Progress) {
  switch (store) {
    case 'raw':
      return adapters.auditRawLog();
    case 'offline':
      return auditOffline(adapters, progress);
    case 'online': {
      const partition = await newestPartition(adapters);
      if (!partition) throw new ChurnError('NO_PARTITION');
      return auditOnline({
        stateName: adapters.featureSet.state.name,
        redis: adapters.redis,
        openDuckDb: () => adapters.openDuckDb(),
        partition,
      });
    }
    case 'models':
      return auditModels(adapters.paths.models, createModelEventLog(adapters));
  }
}
