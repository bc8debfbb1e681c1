import type { PipelinePorts } from '../packages/contracts';
import type { WorkerMetrics } from './worker-metrics';

/** The same ports, whose results are counted. What fails is counted with its step. */
export function observePorts(ports: PipelinePorts, metrics: WorkerMetrics): PipelinePorts {
  return {
    ...ports,
    async generateData(date, progress) {
      const summary = await ports.generateData(date, progress);
      metrics.rowsLoaded(summary.rows, summary.rejected);
      return summary;
    },
    async computeDay(request, progress) {
      const day = await ports.computeDay(request, progress);
      metrics.partitionsPublished(day.published ? 1 : 0, 'daily');
      metrics.partitionsPublished(day.restated.length, 'restate');
      return day;
    },
    async restatePartitions(request, progress) {
      const report = await ports.restatePartitions(request, progress);
      metrics.partitionsPublished(request.dryRun ? 0 : report.restated.length, 'restate');
      return report;
    },
    async computeChunk(request, progress) {
      const outcomes = await ports.computeChunk(request, progress);
      const statuses = outcomes.map(({ status }) => status);
      metrics.backfillDates(statuses);
      const succeeded = statuses.filter((status) => status === 'succeeded').length;
      metrics.partitionsPublished(succeeded, 'backfill');
      return outcomes;
    },
    async finishDailyRun(run) {
      await ports.finishDailyRun(run);
      metrics.dailyRunEnded(run.report, run.status);
    },
    async findUnfinishedRuns(request) {
      const dates = await ports.findUnfinishedRuns(request);
      metrics.runsUnfinished(dates.length);
      return dates;
    },
    async raiseAlert(alert) {
      await ports.raiseAlert(alert);
      metrics.alertRaised(alert);
    },
  };
}
