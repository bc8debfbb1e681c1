import type { BackfillRequest } from '../../contracts';
import type { Services } from '../../application';
import type { CommandContext, CommandResult } from '../command-context';
import { renderTable } from '../terminal';

export async function runDayAction(
  { date }: { date: string },
  { application, progress }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const report = await services.runDay(date, progress);
  const steps = report.steps.map(({ step, status, skipped, seconds }) => [
    step,
    skipped ? `${status} (${skipped})` : status,
    seconds.toFixed(1),
  ]);
  return {
    document: report,
    warnings: report.warnings,
    text: `${renderTable(['step', 'status', 'seconds'], steps)}\nVerdict: ${report.verdict}`,
    hasFailed: report.verdict === 'fail',
  };
}

export async function backfillAction(
  { request, dryRun }: { request: BackfillRequest; dryRun: boolean },
  { application, progress }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const document = dryRun
    ? await services.planBackfill(request)
    : await services.backfill(request, progress);
  const { id, status, known_at, planned, succeeded, skipped, failed } = document;
  const failures = failed.length > 0 ? `\nFailed: ${failed.join(', ')}` : '';
  const errors = document.errors.map(({ date, error }) => `\n  ${date}: ${error}`).join('');
  const reason = document.reason === null ? '' : `\nReason: ${document.reason}`;
  return {
    document,
    warnings: document.warnings,
    text:
      `Backfill ${id}: ${status}, as known at ${known_at}\n` +
      `${planned} planned, ${succeeded} succeeded, ${skipped} skipped, ${failed.length} failed` +
      `${failures}${errors}${reason}`,
    hasFailed: status !== 'succeeded' && status !== 'dry-run',
  };
}

export async function restateAction(
  options: { dryRun: boolean },
  { application, progress }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const report = await services.restate(options, progress);
  const rows = report.restated.map(({ date, revision, reason }) => [date, revision, reason]);
  const text =
    rows.length === 0 ? 'Nothing to restate.' : renderTable(['date', 'revision', 'reason'], rows);
  return { document: report, text };
}

const partitionHeader = [
  'date',
  'status',
  'revision',
  'knowledge',
  'known at',
  'rows',
  'attempt',
  'reason',
];

export async function partitionsAction(
  range: Parameters<Services['listPartitions']>[0],
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const found = await services.listPartitions(range);
  const rows = found.map((row) => [
    row.date,
    row.status,
    row.revision,
    row.knowledge,
    row.known_at,
    row.rows,
    row.attempt,
    row.reason,
  ]);
  const errors = found.flatMap(({ date, status, error }) =>
    status === 'failed' && error ? [`${date} failed: ${error}`] : [],
  );
  const table = rows.length === 0 ? 'No partitions.' : renderTable(partitionHeader, rows);
  return { document: { partitions: found }, text: [table, ...errors].join('\n') };
}
