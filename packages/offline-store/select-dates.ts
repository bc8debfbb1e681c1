import type { KnownAtRequest, PartitionManifest, Reprocess } from '../contracts';
import type { FeatureSet } from '../features';
import { datesBetween, type LogicalDate } from '../instants';
import type { LedgerRow } from './ledger';

interface Selection {
  readonly from: LogicalDate;
  readonly to: LogicalDate;
  readonly reprocess: Reprocess;
  readonly knownAt: KnownAtRequest;
}

/**
 * The dates of a backfill that are to run: never run, claim expired, definitions changed or other
 * knowledge asked for; `missing-and-failed` adds the failed ones, `all` the succeeded ones too.
 * Dates that another run holds are left to it.
 */
export function selectDates(
  selection: Selection,
  rows: readonly LedgerRow[],
  featureSet: FeatureSet,
): LogicalDate[] {
  const byDate = new Map(rows.map((row) => [row.date, row]));
  return datesBetween(selection.from, selection.to).filter((date) =>
    isToRun(byDate.get(date), selection, featureSet),
  );
}

function isToRun(
  row: LedgerRow | undefined,
  selection: Selection,
  featureSet: FeatureSet,
): boolean {
  if (!row || row.status === 'cancelled') return true;
  if (row.status === 'running') return row.isExpired;
  if (row.status === 'failed') return selection.reprocess !== 'missing';
  if (selection.reprocess === 'all' || !row.manifest) return true;
  return isStale(row.manifest, featureSet) || hasOtherKnowledge(row.manifest, selection.knownAt);
}

/** Whether a partition was made from definitions other than the present ones. */
export function isStale(manifest: PartitionManifest, featureSet: FeatureSet): boolean {
  return !hasState(manifest, featureSet) || hasOtherVectors(manifest, featureSet);
}

/** Whether a partition has the state, by the present definition of it. */
export function hasState(
  { definition_hashes: made }: PartitionManifest,
  { state, definitionHashes }: FeatureSet,
): boolean {
  return made[state.name] === definitionHashes[state.name];
}

/**
 * Whether a partition is stale for want of the present state alone: its features and its label are
 * what the present definitions say, so that with the same knowledge they stay, byte for byte.
 */
export function lacksOnlyState(manifest: PartitionManifest, featureSet: FeatureSet): boolean {
  return !hasState(manifest, featureSet) && !hasOtherVectors(manifest, featureSet);
}

/** Whether the features or the label of a partition are of other definitions. */
function hasOtherVectors(
  { schema_hash: schemaHash, definition_hashes: made }: PartitionManifest,
  { schemaHash: presentSchema, definitionHashes, state }: FeatureSet,
): boolean {
  const hashes = Object.entries(definitionHashes).filter(([name]) => name !== state.name);
  return schemaHash !== presentSchema || hashes.some(([name, hash]) => made[name] !== hash);
}

export function hasOtherKnowledge(manifest: PartitionManifest, knownAt: KnownAtRequest): boolean {
  if (knownAt === 'latest' || knownAt === 'as-served') return manifest.knowledge !== knownAt;
  return manifest.knowledge !== 'pinned' || manifest.known_at !== knownAt;
}
