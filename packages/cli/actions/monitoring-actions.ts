import type { AuditName } from '../audit-names';
import type { CommandContext, CommandResult } from '../command-context';
import { renderTable } from '../terminal';

export async function driftAction(
  { date }: { date: string },
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const report = await services.drift(date);
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

export async function auditAction(
  { store }: { store: AuditName },
  { application, progress }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const report = await services.audit(store, progress);
  const { equal, missing, extra, mismatched, not_comparable, examples } = report;
  const counts = { equal, missing, extra, mismatched, not_comparable };
  const table = renderTable(['finding', 'count'], Object.entries(counts));
  return {
    document: report,
    text: [table, ...examples].join('\n'),
    hasFailed: missing + extra + mismatched > 0,
  };
}

export async function replayAction(
  { id }: { id: string },
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const found = await services.replay(id);
  const { logged, replayed, equal } = found;
  const word = equal ? 'equal' : 'NOT EQUAL';
  return {
    document: found,
    text: `${id}: logged ${logged}, replayed ${replayed}: ${word}`,
    hasFailed: !equal,
  };
}
