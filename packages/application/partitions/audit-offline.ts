import { auditPartitions, auditTimelines, type ComputeContext } from '../../offline-store';
import type { AuditReport, Progress } from '../../contracts';
import type { Adapters } from '../open/open-adapters';
import { computeContext } from './partition-services';

/** Compares every revision, and the timelines of the latest batch, with what the raw log gives. */
export async function auditOffline(adapters: Adapters, progress: Progress): Promise<AuditReport> {
  const rawLog = await adapters.rawLog();
  const context = await computeContext(adapters, 'audit', rawLog);
  const { lastBatch } = rawLog;
  const ofPartitions = await auditPartitions(
    { ...context, lastBatch, scratchDir: adapters.paths.scratch },
    progress,
  );
  const ofTimelines = await compareTimelines(adapters, { ...context, lastBatch }, progress);
  const examples = ofTimelines.mismatched.map((name) => `timelines ${name}`);
  return {
    ...ofPartitions,
    equal: ofPartitions.equal + ofTimelines.equal.length,
    mismatched: ofPartitions.mismatched + ofTimelines.mismatched.length,
    examples: [...examples, ...ofPartitions.examples],
  };
}

async function compareTimelines(
  adapters: Adapters,
  { featureSet, segments, openDuckDb, lastBatch: batch }: ComputeContext & { lastBatch: number },
  { signal }: Progress,
) {
  const { timelines: timelinesDir, scratch: scratchDir } = adapters.paths;
  const duckDb = await openDuckDb();
  try {
    const options = { featureSet, segments, batch, timelinesDir, scratchDir, signal };
    return await auditTimelines(duckDb, options);
  } finally {
    duckDb.close();
  }
}
