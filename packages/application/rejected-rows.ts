import {
  listRejectedRows,
  readWaitingRows,
  rejectedCsv,
  type RawTable,
  type RejectedFilter,
  type RejectedList,
} from '../raw-data';
import type { Adapters } from './open/open-adapters';

/** What loads rejected, by batch, file and reason. */
export function listRejected(
  { database }: Adapters,
  request: RejectedFilter & { limit: number },
): Promise<RejectedList> {
  return listRejectedRows(database, request);
}

/** The rows of a table that are still rejected, as a CSV in the import format. */
export async function exportRejected(
  { database, config }: Adapters,
  request: RejectedFilter & { table: RawTable; limit: number },
): Promise<{ csv: string; rows: number; left_out: number; without_values: number }> {
  const { rows, ...rest } = await readWaitingRows(database, request);
  return { csv: rejectedCsv(request.table, rows, config.currency), rows: rows.length, ...rest };
}
