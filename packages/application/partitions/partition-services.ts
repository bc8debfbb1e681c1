import {
  knowledgeOf,
  labelKnowledgeOf,
  type Knowledge,
  type PartitionManifest,
  type PlannedKnowledge,
  type Progress,
  type PublishedPartition,
  type Publisher,
  type Reprocess,
} from '../../contracts';
import { formatInstant, MICROS_PER_HOUR, midnightOf, type LogicalDate } from '../../instants';
import {
  computePartitions,
  findRestatements,
  findRevisionFile,
  hasOtherKnowledge,
  isStale,
  lacksOnlyState,
  requestOf,
  type ComputeContext,
  type ComputeProgress,
  type ComputedPartitions,
  type LedgerRow,
  type PartitionRequest,
  type PublishOutcome,
  type Restatements,
} from '../../offline-store';
import type { DuckDb } from '../../duckdb';
import type { FeatureSet } from '../../features';
import { withDuckDb, type RawLog } from '../../raw-data';
import { openForWriting } from '../../local-services';
import type { Adapters } from '../open/open-adapters';

/** What computing vectors needs; `owner` is who claims, where anything is published. */
export function computeContext(adapters: Adapters, owner: string, rawLog: RawLog): ComputeContext {
  const { ledger, featureSet, paths } = adapters;
  return {
    ledger,
    featureSet,
    store: paths,
    segments: (table, batch) => rawLog.segments(table, batch),
    openDuckDb: () => adapters.openDuckDb(),
    owner,
  };
}

/** Computes and publishes partitions of an installation; `owner` claims them. */
export async function computeRequested(
  adapters: Adapters,
  options: {
    owner: string;
    requests: readonly PartitionRequest[];
    publishedBy: (date: LogicalDate) => Publisher;
  },
  progress: Progress & ComputeProgress,
): Promise<ComputedPartitions> {
  await openForWriting(adapters.config);
  const { observer } = adapters;
  const onOutcome = (outcome: PublishOutcome) => {
    const { date, status } = outcome;
    if (status === 'published') observer?.partitionPublished(options.publishedBy(date));
    progress.onOutcome?.(outcome);
  };
  return adapters.withRawLog((rawLog) => {
    const context = computeContext(adapters, options.owner, rawLog);
    return computePartitions(context, options.requests, { ...progress, onOutcome });
  }, progress);
}

/** The requests of a backfill's dates: `as-served` has a K of its own per date. */
export function requestsOf(
  dates: readonly LogicalDate[],
  knowledge: PlannedKnowledge,
  options: { rows: readonly LedgerRow[]; reason: string },
): PartitionRequest[] {
  const known = knowledgeOf(knowledge);
  const label = labelKnowledgeOf(knowledge);
  const byDate = new Map(options.rows.map((row) => [row.date, row]));
  return dates.map((date) => ({
    date,
    kind: knowledge.kind,
    known:
      knowledge.kind === 'as-served' ? servedKnowledge(date, byDate.get(date), knowledge) : known,
    label,
    reason: options.reason,
  }));
}

/**
 * The requests of a backfill. A partition that lacks the state alone gets it at the knowledge that it
 * has, unless it was asked for anew or with other knowledge: its features and its label stay as they
 * are, byte for byte, and what late data changes is restated as ever.
 */
export function backfillRequestsOf(
  dates: readonly LogicalDate[],
  knowledge: PlannedKnowledge,
  options: {
    rows: readonly LedgerRow[];
    reason: string;
    reprocess: Reprocess;
    featureSet: FeatureSet;
  },
): PartitionRequest[] {
  const { rows, reprocess, featureSet } = options;
  const published = new Map(rows.map(({ date, manifest }) => [date, manifest]));
  const knownAt = knowledge.kind === 'pinned' ? knowledge.knownAt : knowledge.kind;
  return requestsOf(dates, knowledge, options).map((request) => {
    const manifest = published.get(request.date);
    const addsState =
      manifest &&
      reprocess !== 'all' &&
      lacksOnlyState(manifest, featureSet) &&
      !hasOtherKnowledge(manifest, knownAt);
    if (!addsState) return request;
    const reason = `definitions changed: ${featureSet.state.name}`;
    return { ...requestOf(manifest), reason, basedOn: manifest.revision, addsState };
  });
}

/** The (K, S) of the first daily revision, else K = T + 1 h with the present S. */
export function servedKnowledge(
  date: LogicalDate,
  row: Pick<LedgerRow, 'servedKnownAt' | 'servedBatch'> | undefined,
  { batch }: Pick<Knowledge, 'batch'>,
): Knowledge {
  if (row?.servedKnownAt && row.servedBatch !== null) {
    return { at: row.servedKnownAt, batch: row.servedBatch };
  }
  return { at: formatInstant(midnightOf(date) + MICROS_PER_HOUR), batch };
}

/** What late data and matured labels change now. */
export async function planRestatements(
  adapters: Adapters,
  knowledge: PlannedKnowledge,
  options: { owner: string; except?: LogicalDate; progress: Progress },
): Promise<Restatements> {
  const { owner, progress } = options;
  const { featureSet } = adapters;
  // One that lacks the state alone gets it when it is restated.
  const isRestatable = (manifest: PartitionManifest) =>
    !isStale(manifest, featureSet) || lacksOnlyState(manifest, featureSet);
  const rows = (await adapters.ledger.list()).filter(
    ({ date, manifest }) => date !== options.except && manifest && isRestatable(manifest),
  );
  const present = labelKnowledgeOf(knowledge);
  return adapters.withRawLog(async (rawLog) => {
    const { segments } = computeContext(adapters, owner, rawLog);
    const find = (duckDb: DuckDb) =>
      findRestatements({ duckDb, rows, owner, present, featureSet, segments });
    return withDuckDb(() => adapters.openDuckDb(), [], find, progress.signal);
  }, progress);
}

/** Every published partition, oldest first, as immutable revision files. */
export async function publishedPartitions(
  { ledger, paths }: Pick<Adapters, 'ledger' | 'paths'>,
  range: { from?: LogicalDate; to?: LogicalDate } = {},
): Promise<PublishedPartition[]> {
  const rows = await ledger.list(range);
  return rows.flatMap(({ date, manifest }) =>
    manifest ? [{ manifest, path: findRevisionFile(paths, date, manifest.revision) }] : [],
  );
}

export async function newestPartition({
  ledger,
  paths,
}: Pick<Adapters, 'ledger' | 'paths'>): Promise<PublishedPartition | null> {
  const row = await ledger.newestPublished();
  if (!row?.manifest) return null;
  const { date, manifest } = row;
  return { manifest, path: findRevisionFile(paths, date, manifest.revision) };
}
