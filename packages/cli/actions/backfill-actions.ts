import type { Services } from '../../application';
import type { CommandContext, CommandResult } from '../command-context';
import { renderTable } from '../terminal';

type Backfill = Awaited<ReturnType<Services['listBackfills']>>[number];

const header = ['id', 'status', 'known at', 'planned', 'succeeded', 'skipped', 'failed'];

export async function listBackfillsAction(
  _nothing: object,
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const backfills = await services.listBackfills();
  const rows = backfills.map(({ id, status, known_at, planned, succeeded, skipped, failed }) => [
    id,
    status,
    known_at,
    planned,
    succeeded,
    skipped,
    failed.length,
  ]);
  const reasons = backfills.flatMap(reasonOf);
  const table = rows.length === 0 ? 'No backfills.' : renderTable(header, rows);
  return { document: { backfills }, text: [table, ...reasons].join('\n') };
}

export async function tellBackfillAction(
  { id, verb }: { id: string; verb: keyof typeof outcomes },
  { application }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  const tell = {
    pause: services.pauseBackfill,
    resume: services.resumeBackfill,
    cancel: services.cancelBackfill,
  };
  const document = await tell[verb](id);
  const [done, unchanged] = outcomes[verb];
  const text = `Backfill ${id} ${document.changed ? done : unchanged}.`;
  return { document, text: [text, ...reasonOf(document)].join('\n') };
}

/** What is said of a backfill that was told so, and of one that needed no telling. */
const outcomes = {
  pause: ['is paused', 'was paused already'],
  resume: ['is running', 'was running already'],
  cancel: ['is being cancelled', 'was cancelled already'],
} as const;

function reasonOf({ id, reason }: Backfill): string[] {
  return reason === null ? [] : [`${id}: ${reason}`];
}
