import type { PlannedKnowledge, PublishedPartition } from '../contracts';
import { formatInstant, MICROS_PER_HOUR, midnightOf, type LogicalDate } from '../instants';
import {
  computePartitions,
  findRestatements,
  findRevisionFile,
  isStale,
  type ComputeContext,
  type ComputedPartitions,
  type LedgerRow,
  type PartitionProgress,
  type PartitionRequest,
  type Restatements,
} from '../offline-store';
import type { RawLog } from '../raw-data';
import { openForWriting } from '../stack';
import type { Adapters } from './open-platform';

/** What a piece of work reports to and is stopped by; activities and the command line both fit. */
export interface JobProgress {
  report(details: { what: string; done: number; total: number }): void;
  readonly signal: AbortSignal;
}

/** What computing vectors needs; `owner` is who claims, where anything is published. */
export async function computeContext(
  adapters: Adapters,
  owner: string,
  raw?: RawLog,
): Promise<ComputeContext> {
  const rawLog = raw ?? (await adapters.rawLog());
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

export async function runPartitionRequests(
  adapters: Adapters,
  options: { owner: string; requests: readonly PartitionRequest[] },
  progress: JobProgress,
): Promise<ComputedPartitions> {
  await openForWriting(adapters.config);
  const context = await computeContext(adapters, options.owner);
  const partitionProgress: PartitionProgress = {
    signal: progress.signal,
    report: (done, total, what) => progress.report({ what, done, total }),
  };
  return computePartitions(context, options.requests, partitionProgress);
}

/** The requests of a backfill's dates: `as-served` has a K of its own per date. */
export function requestsOf(
  dates: readonly LogicalDate[],
  knowledge: PlannedKnowledge,
  options: { rows: readonly LedgerRow[]; reason: string },
): PartitionRequest[] {
  const { kind, labelKnownAt, labelBatch, completeThrough } = knowledge;
  const byDate = new Map(options.rows.map((row) => [row.date, row]));
  return dates.map((date) => ({
    date,
    kind,
    ...(kind === 'as-served'
      ? servedKnowledge(date, byDate.get(date), knowledge)
      : knownOf(knowledge)),
    label: { labelKnownAt, labelBatch, completeThrough },
    reason: options.reason,
  }));
}

function knownOf({ knownAt, batch }: PlannedKnowledge) {
  return { knownAt, batch };
}

/** The (K, S) of the first daily revision, else K = T + 1 h with the present S. */
export function servedKnowledge(
  date: LogicalDate,
  row: Pick<LedgerRow, 'servedKnownAt' | 'servedBatch'> | undefined,
  { batch }: Pick<PlannedKnowledge, 'batch'>,
): { knownAt: string; batch: number } {
  if (row?.servedKnownAt && row.servedBatch !== null) {
    return { knownAt: row.servedKnownAt, batch: row.servedBatch };
  }
  return { knownAt: formatInstant(midnightOf(date) + MICROS_PER_HOUR), batch };
}

/** What late data and matured labels change now. */
export async function planRestatements(
  adapters: Adapters,
  knowledge: PlannedKnowledge,
  options: { owner: string; except?: LogicalDate },
): Promise<Restatements> {
  const { owner } = options;
  const context = await computeContext(adapters, owner);
  const rows = (await adapters.ledger.list()).filter(
    (row) =>
      row.date !== options.except && row.manifest && !isStale(row.manifest, adapters.featureSet),
  );
  const duckDb = await adapters.openDuckDb();
  try {
    return await findRestatements({
      duckDb,
      rows,
      owner,
      snapshot: {
        latest: { at: knowledge.labelKnownAt, batch: knowledge.labelBatch },
        completeThrough: knowledge.completeThrough,
      },
      featureSet: adapters.featureSet,
      segments: context.segments,
    });
  } finally {
    duckDb.close();
  }
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

export async function newestPartition(
  adapters: Pick<Adapters, 'ledger' | 'paths'>,
): Promise<PublishedPartition | null> {
  return (await publishedPartitions(adapters)).at(-1) ?? null;
}
