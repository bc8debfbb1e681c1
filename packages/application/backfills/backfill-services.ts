import type { Sql, TransactionSql } from 'postgres';
import {
  ChurnError,
  withPresentReprocess,
  type BackfillPlan,
  type BackfillProgress,
  type BackfillRequest,
  type ChunkProgress,
  type Progress,
  type ComputeRequest,
  type PartitionOutcome,
  type PlannedKnowledge,
} from '../../contracts';
import { throwDatabaseError } from '../../database';
import { datesBetween, midnightOf, parseInstant } from '../../instants';
import {
  momentsPerScan,
  rebuildLedger,
  selectDates,
  type PublishOutcome,
} from '../../offline-store';
import { planChunks, requireBackfillRange } from '../../orchestration';
import type { KnowledgeOptions } from '../../raw-data';
import { loadWaitOf } from '../load-wait-of';
import type { Adapters } from '../open/open-adapters';
import { backfillRequestsOf, computeRequested } from '../partitions/partition-services';
import { takePlannedKnowledge } from '../partitions/take-planned-knowledge';

/**
 * Which dates a backfill would run and with which knowledge; K and L are taken now, together.
 *
 * @throws ChurnError INVALID_DATE_RANGE, INVALID_REQUEST (known_at), NO_DATA, LOAD_RUNNING unless
 *   `waitMillis` is null
 */
export async function draftBackfill(
  adapters: Adapters,
  input: { id: string; request: BackfillRequest } & Pick<
    KnowledgeOptions,
    'waitMillis' | 'waiting'
  >,
): Promise<BackfillPlan> {
  const { id, request, ...patience } = input;
  requireBackfillRange(request);
  const knowledge = await takePlannedKnowledge(adapters, request.knownAt, patience);
  requirePast(request, knowledge);
  const knownAt = knowledge.kind === 'pinned' ? knowledge.knownAt : request.knownAt;
  await rebuildLedger({ ledger: adapters.ledger, store: adapters.paths });
  const rows = await adapters.ledger.list({ from: request.from, to: request.to });
  const dates = selectDates({ ...request, knownAt }, rows, adapters.featureSet);
  const total = datesBetween(request.from, request.to).length;
  return {
    id,
    request,
    knowledge,
    chunks: planChunks(dates, { daysPerChunk: await daysPerChunk(adapters) }),
    planned: dates.length,
    skipped: total - dates.length,
  };
}

function requirePast({ from, to }: BackfillRequest, { labelKnownAt }: PlannedKnowledge): void {
  if (midnightOf(to) <= parseInstant(labelKnownAt)) return;
  throw new ChurnError('INVALID_DATE_RANGE', {
    from,
    to,
    problem: `it reaches into the future; the latest moment known is ${labelKnownAt}`,
  });
}

/** As many days as one scan of the events can serve. */
async function daysPerChunk({ database }: Adapters): Promise<number> {
  const [row] = await database.sql<{ events: number | null }[]>`
    select sum((loaded->>'user_events')::bigint)::float8 as events from ops.load_batches`.catch(
    throwDatabaseError,
  );
  return momentsPerScan(row?.events ?? 0);
}

/** Plans a backfill and records it; the same id again returns the recorded plan. */
export async function planBackfill(
  adapters: Adapters,
  input: { id: string; request: BackfillRequest },
  progress?: Progress,
): Promise<BackfillPlan> {
  const recorded = await readBackfill(adapters, input.id);
  if (recorded) return recorded.plan;
  const plan = await draftBackfill(adapters, {
    ...input,
    waitMillis: null,
    waiting: progress && loadWaitOf(progress),
  });
  await recordPlan(adapters, plan);
  return plan;
}

export async function recordPlan({ database }: Adapters, plan: BackfillPlan): Promise<void> {
  const { sql } = database;
  const { from, to } = plan.request;
  await sql`
    insert into ops.backfills (id, from_date, to_date, status, plan, created_at)
    values (${plan.id}, ${from}, ${to}, 'running', ${sql.json(plan as never)}, clock_timestamp())
    on conflict (id) do nothing`.catch(throwDatabaseError);
}

export interface RecordedBackfill {
  readonly id: string;
  readonly status: BackfillProgress['status'];
  readonly plan: BackfillPlan;
  readonly report: BackfillProgress | null;
}

export async function readBackfill(
  { database }: Adapters,
  id: string,
): Promise<RecordedBackfill | undefined> {
  const [row] = await database.sql<RecordedBackfill[]>`
    select id, status, plan, report from ops.backfills where id = ${id}`.catch(throwDatabaseError);
  return row && inPresentWords(row);
}

/** A plan that an earlier release recorded has that release's words. */
export function inPresentWords(recorded: RecordedBackfill): RecordedBackfill {
  const { plan } = recorded;
  return { ...recorded, plan: { ...plan, request: withPresentReprocess(plan.request) } };
}

export async function finishBackfill(
  { database }: Adapters,
  progress: BackfillProgress,
): Promise<void> {
  const { sql } = database;
  await sql`
    update ops.backfills set status = ${progress.status}, report = ${sql.json(progress as never)},
      finished_at = clock_timestamp() where id = ${progress.id}`.catch(throwDatabaseError);
}

/**
 * Of a backfill whose workflow is over and left no report.
 *
 * @param secondsMin  One that was recorded later than so many seconds ago is left as it is.
 */
export async function recordDeath(
  sql: Sql | TransactionSql,
  id: string,
  secondsMin = 0,
): Promise<void> {
  await sql`
    update ops.backfills set status = 'failed', finished_at = clock_timestamp()
    where id = ${id} and report is null and status = 'running'
      and created_at <= clock_timestamp() - make_interval(secs => ${secondsMin})`.catch(
    throwDatabaseError,
  );
}

/**
 * Computes a backfill's dates; one that this run has published before counts as succeeded, one that
 * others have published with later knowledge as skipped.
 */
export async function computeChunk(
  adapters: Adapters,
  request: ComputeRequest,
  progress: ChunkProgress,
): Promise<PartitionOutcome[]> {
  const { dates, knowledge, reason } = request;
  const rows = await adapters.ledger.list({ from: dates[0], to: dates.at(-1) });
  const planned = await readBackfill(adapters, request.runId);
  const requests = backfillRequestsOf(dates, knowledge, {
    rows,
    reason,
    reprocess: planned?.plan.request.reprocess ?? 'missing',
    featureSet: adapters.featureSet,
  });
  const { outcomes } = await computeRequested(
    adapters,
    { owner: request.runId, requests, publishedBy: () => 'backfill' },
    { ...progress, onOutcome: (outcome) => progress.onSettled?.(toPartitionOutcome(outcome)) },
  );
  return outcomes.map(toPartitionOutcome);
}

function toPartitionOutcome({ date, status, error }: PublishOutcome): PartitionOutcome {
  if (status === 'failed') return { date, status, ...(error === undefined ? {} : { error }) };
  return { date, status: status === 'overtaken' ? 'skipped' : 'succeeded' };
}

/**
 * What became of a chunk whose computation gave up: dates that this run published succeeded; the
 * others are recorded as failed or cancelled, their claims released.
 */
export async function settleChunk(
  { ledger }: Adapters,
  request: ComputeRequest & { as: 'failed' | 'cancelled'; error: string },
): Promise<PartitionOutcome[]> {
  const { dates, runId, as, error } = request;
  const rows = await ledger.list({ from: dates[0], to: dates.at(-1) });
  const byDate = new Map(rows.map((row) => [row.date, row]));
  const outcomes: PartitionOutcome[] = [];
  for (const date of dates) {
    const row = byDate.get(date);
    if (row?.claimedBy === runId && row.status === 'succeeded') {
      outcomes.push({ date, status: 'succeeded' });
      continue;
    }
    const claim = await ledger.claim(date, runId);
    if (claim) {
      const status = as === 'cancelled' && claim.published ? 'succeeded' : as;
      await ledger.release(claim, { status, error });
    }
    outcomes.push({ date, status: as, error });
  }
  return outcomes;
}
