import type { AuditName } from '../commands/monitoring-commands';
import type { CommandContext, CommandResult } from '../run-command';
import { renderTable } from '../terminal';

export async function drift(
  { date }: { date: string },
  { platform }: CommandContext,
): Promise<CommandResult> {
  const { jobs } = await platform();
  const report = await jobs.drift(date);
  const { metrics, status, alerts, model_version, not_compared: problem } = report;
  const header = ['subject', 'metric', 'value', 'threshold', 'status'];
  const rows = metrics.map((row) => [
    row.subject,
    row.metric,
    row.value,
    row.threshold,
    row.status,
  ]);
  const head = `${date}: ${status}, ${alerts.length} alerts, reference ${model_version ?? 'none yet'}`;
  const notes = problem === null ? [] : [`Not compared: ${problem}.`];
  return { document: report, text: [head, ...notes, renderTable(header, rows)].join('\n') };
}

export async function audit(
  { store }: { store: AuditName },
  { platform, progress }: CommandContext,
): Promise<CommandResult> {
  const { jobs } = await platform();
  const report = await jobs.audit(store, progress);
  const { equal, missing, extra, mismatched, not_comparable } = report;
  const counts = { equal, missing, extra, mismatched, not_comparable };
  const table = renderTable(['finding', 'count'], Object.entries(counts));
  const examples = 'examples' in report ? (report.examples as readonly string[]) : [];
  return {
    document: report,
    text: [table, ...examples].join('\n'),
    hasFailed: missing + extra + mismatched > 0,
  };
}

export async function replay(
  { id }: { id: string },
  { platform }: CommandContext,
): Promise<CommandResult> {
  const { jobs } = await platform();
  const found = await jobs.replay(id);
  const { logged, replayed, equal } = found;
  const word = equal ? 'equal' : 'NOT EQUAL';
  return {
    document: found,
    text: `${id}: logged ${logged}, replayed ${replayed}: ${word}`,
    hasFailed: !equal,
  };
}
