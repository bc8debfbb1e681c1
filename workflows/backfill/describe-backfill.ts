import type { BackfillProgress, BackfillRequest } from '../../packages/contracts';

const FAILED_SHOWN_MAX = 60;

/** A backfill as the Markdown that the Temporal UI shows beside it. */
export function describeBackfill(request: BackfillRequest, progress: BackfillProgress): string {
  const { status, planned, succeeded, failed, skipped, knownAt, reason } = progress;
  const [first] = progress.errors;
  const settled = succeeded + failed.length;
  const shown = failed.slice(0, FAILED_SHOWN_MAX).join(', ');
  const more =
    failed.length > FAILED_SHOWN_MAX ? ` and ${failed.length - FAILED_SHOWN_MAX} more` : '';
  return [
    `Backfill **${request.from}** to **${request.to}**: **${status}**`,
    '',
    `${settled} of ${planned} planned dates settled, ${skipped} skipped`,
    '',
    `Reprocess ${request.reprocess}; known at ${knownAt || '(being planned)'}; ${request.train ? 'trains at the end' : 'does not train'}`,
    ...(failed.length > 0 ? ['', `**Failed:** ${shown}${more}`] : []),
    ...(first ? ['', `**First error:** ${first.date}: ${first.error}`] : []),
    ...(reason ? ['', `**Trouble:** ${reason}`] : []),
  ].join('\n');
}
