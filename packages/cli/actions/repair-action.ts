import type { OfflineRepair } from '../../offline-store';
import type { OnlineRepair } from '../../online-store';
import type { RawRepair } from '../../raw-data';
import type { RepairName } from '../audit-names';
import type { CommandContext, CommandResult } from '../command-context';
import { renderTable } from '../terminal';

export async function repairAction(
  { store }: { store: RepairName },
  { application, progress }: CommandContext,
): Promise<CommandResult> {
  const { services } = await application();
  switch (store) {
    case 'raw':
      return describeRawRepair(await services.repairRaw());
    case 'offline':
      return describeOfflineRepair(await services.repairOffline(progress));
    case 'online':
      return describeOnlineRepair(await services.repairOnline(progress));
  }
}

/** What was wrong, and the counts of an audit afterwards. */
function describeRawRepair({ found, audit }: RawRepair): CommandResult {
  const { equal, missing, extra, mismatched, examples } = audit;
  const differing = missing + extra + mismatched;
  const head = found.length === 0 ? 'Nothing was wrong.' : 'Made again from Postgres:';
  const end =
    differing === 0
      ? `The raw log has the ${equal} rows of Postgres.`
      : `${differing} rows still differ; if a load has ended meanwhile, they are its rows:`;
  return {
    document: { repaired: found, ...audit },
    text: [head, ...found, end, ...examples].join('\n'),
    hasFailed: differing > 0,
  };
}

function describeOfflineRepair({ repaired, unrepaired }: OfflineRepair): CommandResult {
  const head = repaired.length + unrepaired.length === 0 ? ['Nothing was wrong.'] : [];
  const done = repaired.length > 0 ? ['Put back as it was published:', ...repaired] : [];
  const left = unrepaired.length > 0 ? ['Could not be put back:', ...unrepaired] : [];
  return {
    document: { repaired, unrepaired },
    text: [...head, ...done, ...left].join('\n'),
    hasFailed: unrepaired.length > 0,
  };
}

/** One document, in snake_case; the text has its counts and what became of the bookkeeping. */
function describeOnlineRepair(repair: OnlineRepair): CommandResult {
  const { date, revision, users, bookkeeping } = repair;
  const counts = {
    unchanged: repair.unchanged,
    missing: repair.missing,
    damaged: repair.damaged,
    wrong_typed: repair.wrongTyped,
    from_future: repair.fromFuture,
    outdated: repair.outdated,
    removed: repair.removed,
  };
  const head = `Redis holds the partition of ${date}, revision ${revision}: ${users} users.`;
  const table = renderTable(['what was found', 'users'], Object.entries(counts));
  const keys = bookkeeping.map((key) => `Written again: ${key}`);
  return {
    document: { date, revision, users, ...counts, bookkeeping },
    text: [head, table, ...keys].join('\n'),
  };
}
