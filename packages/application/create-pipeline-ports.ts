import type { PipelinePorts } from '../contracts';
import {
  computeChunk,
  finishBackfill,
  planBackfill,
  settleChunk,
} from './backfills/backfill-services';
import {
  beginDailyRun,
  computeDay,
  findUnfinishedRuns,
  finishDailyRun,
  restatePartitions,
  takeDailyKnowledge,
} from './daily-run/daily-run-services';
import { storeAlert } from './daily-run/store-alert';
import { generateData } from './daily-run/generate-data';
import { detectDriftOfDay, validateStoredSchemas } from './drift/drift-services';
import { trainModelAsOf } from './models/model-services';
import type { Adapters } from './open/open-adapters';
import { overAdapters } from './open/over-adapters';
import { syncOnline } from './partitions/sync-online';

/** The pipeline's ports over the adapters of an installation. */
export function createPipelinePorts(adapters: Adapters): PipelinePorts {
  const over = overAdapters(adapters);
  return {
    beginDailyRun: over(beginDailyRun),
    finishDailyRun: over(finishDailyRun),
    generateData: over(generateData),
    takeDailyKnowledge: over(takeDailyKnowledge),
    computeDay: over(computeDay),
    syncOnline: over(syncOnline),
    trainModel: over(trainModelAsOf),
    detectDrift: over(detectDriftOfDay),
    validateSchemas: over(validateStoredSchemas),
    raiseAlert: over(storeAlert),
    findUnfinishedRuns: over(findUnfinishedRuns),
    planBackfill: over(planBackfill),
    computeChunk: over(computeChunk),
    settleChunk: over(settleChunk),
    finishBackfill: over(finishBackfill),
    restatePartitions: over(restatePartitions),
  };
}
