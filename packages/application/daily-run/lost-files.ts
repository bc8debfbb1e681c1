import type { Progress } from '../../contracts';
import type { LogicalDate } from '../../instants';
import { findLostDates } from '../../offline-store';
import type { Adapters } from '../open/open-adapters';
import { repairOffline } from '../partitions/audit-offline';
import { storeAlert } from './store-alert';

/** A day's run has its own work: the rest is for `churn repair offline`. */
const DATES_MENDED_MAX = 31;
const EXAMPLES_MAX = 20;

/**
 * Notices files of published partitions that are gone or have another size, puts those of the newest
 * dates back as they were published, and raises an alert that says what was lost and what still is.
 */
export async function mendLostFiles(
  adapters: Adapters,
  date: LogicalDate,
  progress: Progress,
): Promise<void> {
  const lost = await findLostDates(adapters.paths, await adapters.ledger.list());
  if (lost.length === 0) return;
  const mended = lost.slice(-DATES_MENDED_MAX);
  const { repaired, unrepaired } = await repairOffline(adapters, progress, mended);
  const rest = lost.length - mended.length;
  // A publication of another run looked like a loss while it was under way.
  if (repaired.length + unrepaired.length + rest === 0) return;
  const isWhole = unrepaired.length + rest === 0;
  const end = isWhole
    ? 'All are as they were published again.'
    : `${repaired.length} files are as they were published again; run \`churn repair offline\`, which says what is left.`;
  await storeAlert(adapters, {
    key: `lost-files/${date}`,
    kind: 'lost-files',
    severity: isWhole ? 'warning' : 'critical',
    date,
    message: `Files of ${lost.length} published partitions were lost or cut off, from ${lost[0]!} to ${lost.at(-1)!}. ${end}`,
    details: {
      dates: lost.length,
      repaired: repaired.slice(0, EXAMPLES_MAX),
      unrepaired: unrepaired.slice(0, EXAMPLES_MAX),
    },
  });
}
