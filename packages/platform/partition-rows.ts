import type { PartitionRow } from '../contracts';
import type { LogicalDate } from '../instants';
import type { Adapters } from './open-platform';

/** The partition calendar: one row per date the ledger knows, both bounds inclusive. */
export async function listPartitionRows(
  { ledger }: Pick<Adapters, 'ledger'>,
  range: { from?: LogicalDate; to?: LogicalDate },
): Promise<PartitionRow[]> {
  const rows = await ledger.list(range);
  return rows.map(({ date, status, attempt, manifest }) => ({
    date,
    status,
    revision: manifest?.revision ?? null,
    knowledge: manifest?.knowledge ?? null,
    known_at: manifest?.known_at ?? null,
    label_known_at: manifest?.label_known_at ?? null,
    batch: manifest?.batch ?? null,
    rows: manifest?.rows ?? null,
    sha256: manifest?.sha256 ?? null,
    content_hash: manifest?.content_hash ?? null,
    reason: manifest?.reason ?? null,
    attempt,
  }));
}
