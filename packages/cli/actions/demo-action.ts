import path from 'node:path';
import { describeModel } from './describe-model';
import type { CommandContext, CommandResult } from '../command-context';
import { runDemo, type DemoOptions, type DemoReport } from '../run-demo';
import { renderTable } from '../terminal';

export async function demoAction(
  options: DemoOptions,
  context: CommandContext,
): Promise<CommandResult> {
  const report = await runDemo(options, context);
  return { document: report, text: describeDemo(report) };
}

function describeDemo(report: DemoReport): string {
  const { range, backfill, sync, drift, prediction, urls } = report;
  const risk = report.at_risk.map(({ user_id, churn_probability, reasons }) => [
    user_id,
    `${(churn_probability * 100).toFixed(1)} %`,
    reasons.join('; '),
  ]);
  const loaded = Object.entries(report.load.loaded).map(([table, rows]) => `${rows} ${table}`);
  return [
    `\n== What it did (${range.from} to ${range.to})`,
    `loaded: ${report.load.batch === null ? 'nothing new' : loaded.join(', ')}`,
    `partitions: ${report.partitions} (${backfill.succeeded} computed now, ${backfill.skipped} already there, ${report.restated} restated), ${report.vectors} vectors`,
    `online: ${sync?.users ?? 0} users, ${sync?.written ?? 0} written, ${sync?.unchanged ?? 0} unchanged, ${sync?.removed ?? 0} removed`,
    `drift before training: ${report.drift_before_training}; after: ${drift.status}, ${drift.alerts.length} alerts`,
    `\n== Seconds per step\n${renderTable(['step', 'seconds'], Object.entries(report.seconds))}`,
    `\n== Model${report.model_is_new ? '' : ' (there already)'}\n${describeModel(report.model)}`,
    `\n== Most at risk\n${renderTable(['user', 'risk', 'reasons'], risk)}`,
    `\n== POST /predict\n${JSON.stringify(prediction, null, 2)}`,
    `\n== Where to look\nAPI          ${urls.api}\nAPI docs     ${urls.docs}\nTemporal UI  ${urls.temporal}\nfiles        ${report.data_dir}`,
    `stop it      ${stopCommand(report.data_dir)}`,
  ].join('\n');
}

/** Two data directories are two installations: `make down` alone stops that of the default one. */
function stopCommand(dataDir: string): string {
  const folder = path.relative('', dataDir);
  return folder === '.local' ? 'make down' : `CHURN_DATA_DIR='${folder}' make down`;
}
