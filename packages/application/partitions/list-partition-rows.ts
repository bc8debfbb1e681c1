import type { PartitionManifest, PartitionRow } from '../../contracts';
import type { LogicalDate } from '../../instants';
import type { Adapters } from '../open/open-adapters';

/** The partition calendar: one row per date the ledger knows, both bounds inclusive. */
export async function listPartitionRows(
  { ledger }: Pick<Adapters, 'ledger'>,
  range: { from?: LogicalDate; to?: LogicalDate },
): Promise<PartitionRow[]> {
  const rows = await ledger.list(range);
  return rows.map(({ date, status, attempt, error, manifest }) => ({
    date,
    status,
    ...(manifest ? describePublished(manifest) : nothingPublished),
    attempt,
    error,
  }));
}

type Published = Omit<PartitionRow, 'date' | 'status' | 'attempt' | 'error'>;

const nothingPublished: Published = {
  revision: null,
  knowledge: null,
  known_at: null,
  label_known_at: null,
  batch: null,
  rows: null,
  sha256: null,
  content_hash: null,
  reason: null,
};

function describePublished(manifest: PartitionManifest): Published {
  const { revision, knowledge, known_at, label_known_at, batch } = manifest;
  const { rows, sha256, content_hash, reason } = manifest;
  return {
    revision,
    knowledge,
    known_at,
    label_known_at,
    batch,
    rows,
    sha256,
    content_hash,
    reason,
  };
}
