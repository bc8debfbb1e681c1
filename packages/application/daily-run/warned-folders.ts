import { throwDatabaseError } from '../../database';
import type { LoadWarning } from '../../raw-data';
import type { LogicalDate } from '../../instants';
import type { Adapters } from '../open/open-adapters';
import { storeAlert } from './store-alert';

interface WarnedFolder {
  readonly name: string;
  readonly batch: number;
  readonly warnings: readonly LoadWarning[];
}

/**
 * What the reports of a run's import folders warn of, a text each; of rejected rows there is an alert
 * for each folder. The database is asked, not the loads of this attempt: an earlier one may have
 * loaded a folder and died before it could say anything.
 */
export async function warnOfFolders(adapters: Adapters, date: LogicalDate): Promise<string[]> {
  const folders = await listWarnedFolders(adapters, date);
  for (const folder of folders) await alertOfRejectedRows(adapters, date, folder);
  return folders.flatMap(({ name, warnings }) =>
    warnings.map(({ message }) => `in folder ${name}: ${message}`),
  );
}

/** Folders that no run of an earlier day has seen. */
async function listWarnedFolders(
  { database }: Adapters,
  date: LogicalDate,
): Promise<readonly WarnedFolder[]> {
  return database.sql<WarnedFolder[]>`
    SELECT folder.name, load.batch, load.warnings
    FROM ops.imported_folders AS folder JOIN ops.load_batches AS load ON load.batch = folder.batch
    WHERE jsonb_array_length(load.warnings) > 0
      AND load.batch > coalesce((SELECT max(batch) FROM ops.daily_runs WHERE date < ${date}), 0)
    ORDER BY load.batch`.catch(throwDatabaseError);
}

async function alertOfRejectedRows(
  adapters: Adapters,
  date: LogicalDate,
  { name, batch, warnings }: WarnedFolder,
): Promise<void> {
  const rejected = warnings.filter(({ code }) => code === 'rejected_rows');
  if (rejected.length === 0) return;
  await storeAlert(adapters, {
    key: `rejected-rows/${batch}`,
    kind: 'rejected-rows',
    severity: 'warning',
    date,
    message: `Batch ${batch}, folder ${name}: ${rejected.map(({ message }) => message).join(' ')}`,
    details: {
      batch,
      folder: name,
      tables: rejected.map(({ table, count }) => ({ table, count })),
    },
  });
}
