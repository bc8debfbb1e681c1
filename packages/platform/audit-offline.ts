import { auditPartitions, auditTimelines, type AuditReport } from '../offline-store';
import type { Adapters } from './open-platform';
import { computeContext, type JobProgress } from './partition-jobs';

/** Compares every revision, and the timelines of the latest batch, with what the raw log gives. */
export async function auditOffline(
  adapters: Adapters,
  progress: JobProgress,
): Promise<AuditReport> {
  const context = await computeContext(adapters, 'audit');
  const ofPartitions = await auditPartitions(
    { ...context, scratchDir: adapters.paths.scratch },
    { report: (done, total, what) => progress.report({ what, done, total }) },
  );
  const ofTimelines = await compareTimelines(adapters, progress);
  const examples = ofTimelines.mismatched.map((name) => `timelines ${name}`);
  return {
    ...ofPartitions,
    equal: ofPartitions.equal + ofTimelines.equal.length,
    mismatched: ofPartitions.mismatched + ofTimelines.mismatched.length,
    examples: [...ofPartitions.examples, ...examples],
  };
}

async function compareTimelines(adapters: Adapters, { signal }: JobProgress) {
  const { featureSet, paths } = adapters;
  const rawLog = await adapters.rawLog();
  const duckDb = await adapters.openDuckDb();
  try {
    return await auditTimelines(duckDb, {
      featureSet,
      segments: (table, batch) => rawLog.segments(table, batch),
      batch: rawLog.lastBatch,
      timelinesDir: paths.timelines,
      scratchDir: paths.scratch,
      signal,
    });
  } finally {
    duckDb.close();
  }
}
