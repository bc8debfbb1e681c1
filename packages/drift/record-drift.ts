import type { Alert, InstantText } from '../contracts';
import type { Database } from '../database';
import type { DuckDb } from '../duckdb';
import { writeDriftLog } from './drift-log';
import type { DriftReport } from './drift-report';
import { recordAlert } from './record-alert';

/** Keeps a report: every number in the day's drift log, every alert once. */
export async function recordDrift(options: {
  readonly report: DriftReport;
  readonly driftLogsDir: string;
  readonly logsDir: string;
  readonly database: Database;
  readonly openDuckDb: () => Promise<DuckDb>;
  readonly raisedAt: InstantText;
  readonly onNewAlert?: (alert: Alert) => void;
}): Promise<{ readonly path: string; readonly newAlerts: number }> {
  const {
    report,
    driftLogsDir,
    logsDir,
    database,
    openDuckDb,
    raisedAt,
    onNewAlert: onNew,
  } = options;
  const { date, metrics } = report;
  const path = await writeDriftLog({ date, metrics, driftLogsDir, openDuckDb });
  let newAlerts = 0;
  for (const alert of report.alerts) {
    if (await recordAlert({ database, logsDir, alert, raisedAt, onNew })) newAlerts += 1;
  }
  return { path, newAlerts };
}
