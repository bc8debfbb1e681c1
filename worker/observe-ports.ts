import type { PipelinePorts } from '../packages/contracts';
import type { WorkerMetrics } from './worker-metrics';

/**
 * The same ports, whose results are counted. What fails is counted with its step; alerts and published
 * partitions are counted where the application makes them.
 */
export function observePorts(ports: PipelinePorts, metrics: WorkerMetrics): PipelinePorts {
  return {
    ...ports,
    async generateData(date, progress) {
      const summary = await ports.generateData(date, progress);
      metrics.rowsLoaded(summary.rows, summary.rejected);
      return summary;
    },
    async computeChunk(request, progress) {
      const outcomes = await ports.computeChunk(request, progress);
      metrics.backfillDates(outcomes);
      return outcomes;
    },
    async settleChunk(request) {
      const outcomes = await ports.settleChunk(request);
      metrics.backfillDates(outcomes);
      return outcomes;
    },
    async finishDailyRun(run) {
      // It has ended whether or not Postgres can be told.
      metrics.dailyRunEnded(run);
      await ports.finishDailyRun(run);
      metrics.dailyRunRecorded(run);
    },
  };
}
