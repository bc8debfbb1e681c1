import type { Alert } from '../contracts';
import { raiseAlert } from '../drift';
import { formatInstant } from '../instants';
import {
  computeBackfillDates,
  planBackfill,
  recordBackfill,
  settleBackfillDates,
} from './backfills/backfill-services';
import {
  computeDay,
  expectedButMissing,
  finishDailyRun,
  finishedDailyRun,
  restate,
  takeDailyKnowledge,
} from './daily-run/daily-run-services';
import { driftOf, validateInstallation } from './drift/drift-services';
import { generateData } from './daily-run/generate-data';
import { championVersion, train } from './models/model-services';
import type { Adapters } from './open/open-adapters';
import type { JobProgress } from './partitions/partition-services';
import { syncNewestPartition } from './partitions/sync-online';

/** What the activities need from the outside world (activities/pipeline-ports.ts), over adapters. */
export type PipelinePorts = ReturnType<typeof createPipelinePorts>;

export function createPipelinePorts(adapters: Adapters) {
  return {
    beginDailyRun: async (date: string) => ({
      championVersion: await championVersion(adapters),
      finished: await finishedDailyRun(adapters, date),
    }),
    finishDailyRun: (run: Parameters<typeof finishDailyRun>[1]) => finishDailyRun(adapters, run),
    generateData: (date: string, progress: JobProgress) => generateData(adapters, date, progress),
    takeDailyKnowledge: (date: string) => takeDailyKnowledge(adapters, date),
    computeDay: (request: Parameters<typeof computeDay>[1], progress: JobProgress) =>
      computeDay(adapters, request, progress),
    syncOnline: (progress: JobProgress) => syncSummary(adapters, progress),
    trainModel: ({ asOf }: { asOf: string }, progress: JobProgress) =>
      trainSummary(adapters, asOf, progress),
    detectDrift: ({
      date,
      championVersion: version,
    }: {
      date: string;
      championVersion: string | null;
    }) => driftSummary(adapters, { date, version }),
    validateSchemas: (_request: { date: string }) => schemaSummary(adapters),
    raiseAlert: async (alert: Alert) => {
      const { database, paths } = adapters;
      const raisedAt = formatInstant(adapters.now());
      await raiseAlert({ database, logsDir: paths.logs, alert, raisedAt });
    },
    expectedButMissing: (now: string) => expectedButMissing(adapters, now),
    planBackfill: (input: Parameters<typeof planBackfill>[1]) => planBackfill(adapters, input),
    computePartitions: (
      request: Parameters<typeof computeBackfillDates>[1],
      progress: JobProgress,
    ) => computeBackfillDates(adapters, request, progress),
    settlePartitions: (request: Parameters<typeof settleBackfillDates>[1]) =>
      settleBackfillDates(adapters, request),
    recordBackfill: (progress: Parameters<typeof recordBackfill>[1]) =>
      recordBackfill(adapters, progress),
    restate: ({ dryRun, runId }: { dryRun: boolean; runId: string }, progress: JobProgress) =>
      restate(adapters, { dryRun, owner: `restate-${runId}` }, progress),
  };
}

async function syncSummary(adapters: Adapters, progress: JobProgress) {
  const report = await syncNewestPartition(adapters, progress);
  if (!report) return { date: null, written: 0, unchanged: 0, removed: 0 };
  const { date, written, unchanged, removed } = report;
  return { date, written, unchanged, removed };
}

async function trainSummary(adapters: Adapters, asOf: string, progress: JobProgress) {
  const { version, isNew, metadata } = await train(adapters, { asOf }, progress);
  const { promoted, reason } = metadata.promotion;
  return { version, isNew, promoted, reason };
}

async function driftSummary(adapters: Adapters, options: { date: string; version: string | null }) {
  const report = await driftOf(adapters, options);
  const isDrifted = report.alerts.length > 0;
  const quiet = report.not_compared === null ? 'stable' : 'no_reference';
  const status = isDrifted ? 'drifted' : quiet;
  return { status, reference: report.model_version, alerts: report.alerts.length } as const;
}

async function schemaSummary(adapters: Adapters) {
  const { verdict, checks } = await validateInstallation(adapters);
  const problems = checks.filter((check) => check.status !== 'pass').map((check) => check.message);
  return { verdict, problems };
}
