import {
  auditPartitions,
  auditTimelines,
  repairPartitions,
  type ComputeContext,
  type OfflineRepair,
} from '../../offline-store';
import { AUDIT_EXAMPLES_MAX, type AuditReport, type Progress } from '../../contracts';
import type { LogicalDate } from '../../instants';
import { openForWriting } from '../../local-services';
import type { RawLog } from '../../raw-data';
import type { Adapters } from '../open/open-adapters';
import { computeContext } from './partition-services';

/** Compares every revision, and the timelines of the latest batch, with what the raw log gives. */
export function auditOffline(adapters: Adapters, progress: Progress): Promise<AuditReport> {
  return adapters.withRawLog((rawLog) => auditFrom(adapters, rawLog, progress), progress);
}

/** Puts back what was published and is damaged or lost, of all dates or of those given. */
export async function repairOffline(
  adapters: Adapters,
  progress: Progress,
  dates?: readonly LogicalDate[],
): Promise<OfflineRepair> {
  await openForWriting(adapters.config);
  return adapters.withRawLog((rawLog) => {
    const { lastBatch } = rawLog;
    const context = computeContext(adapters, 'repair', rawLog);
    const scratchDir = adapters.paths.scratch;
    return repairPartitions({ ...context, lastBatch, scratchDir }, progress, dates);
  }, progress);
}

async function auditFrom(
  adapters: Adapters,
  rawLog: RawLog,
  progress: Progress,
): Promise<AuditReport> {
  const context = computeContext(adapters, 'audit', rawLog);
  const { lastBatch } = rawLog;
  const ofPartitions = await auditPartitions(
    { ...context, lastBatch, scratchDir: adapters.paths.scratch },
    progress,
  );
  const ofTimelines = await compareTimelines(
    adapters,
    { ...context, lastBatch, contentKey: rawLog.contentKey(lastBatch) },
    progress,
  );
  const examples = ofTimelines.mismatched.map((name) => `timelines ${name}`);
  return {
    ...ofPartitions,
    equal: ofPartitions.equal + ofTimelines.equal.length,
    mismatched: ofPartitions.mismatched + ofTimelines.mismatched.length,
    examples: [...examples, ...ofPartitions.examples].slice(0, AUDIT_EXAMPLES_MAX),
  };
}

async function compareTimelines(
  adapters: Adapters,
  context: ComputeContext & { lastBatch: number; contentKey: string },
  { signal }: Progress,
) {
  const { featureSet, segments, openDuckDb, lastBatch: batch, contentKey } = context;
  const { timelines: timelinesDir, scratch: scratchDir } = adapters.paths;
  const duckDb = await openDuckDb();
  try {
    const options = { featureSet, segments, batch, contentKey, timelinesDir, scratchDir, signal };
    return await auditTimelines(duckDb, options);
  } finally {
    duckDb.close();
  }
}
