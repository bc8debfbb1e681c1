import {
  ChurnError,
  knowledgeOf,
  plannedKnowledgeOf,
  type DailyRunReport,
  type DayComputed,
  type FinishedDailyRun,
  type PlannedKnowledge,
  type Progress,
  type Publisher,
  type RestatedPartition,
  type RestateReport,
} from '../../contracts';
import { throwDatabaseError } from '../../database';
import {
  addDays,
  dateOf,
  datesBetween,
  formatInstant,
  MICROS_PER_HOUR,
  midnightOf,
  parseInstant,
  type EpochMicros,
  type LogicalDate,
} from '../../instants';
import { rebuildLedger, type PublishOutcome, type PartitionRequest } from '../../offline-store';
import { championVersion } from '../models/model-services';
import type { Adapters } from '../open/open-adapters';
import { loadWaitOf } from '../load-wait-of';
import { mendLostFiles } from './lost-files';
import { planRestatements, requestsOf, computeRequested } from '../partitions/partition-services';
import { takePlannedKnowledge } from '../partitions/take-planned-knowledge';

interface DailyRow {
  readonly known_at: string | null;
  readonly batch: number | null;
  readonly complete_through: string | null;
  readonly status: 'running' | 'succeeded' | 'failed';
  readonly report: DailyRunReport | null;
}

async function readDailyRun(
  { database }: Adapters,
  date: LogicalDate,
): Promise<DailyRow | undefined> {
  const [row] = await database.sql<DailyRow[]>`
    select known_at, batch, complete_through, status, report from ops.daily_runs where date = ${date}`.catch(
    throwDatabaseError,
  );
  return row;
}

/** The champion of the moment, and the report of a date's run when it has succeeded already. */
export async function beginDailyRun(
  adapters: Adapters,
  date: LogicalDate,
): Promise<{ championVersion: string | null; finished: DailyRunReport | null }> {
  const champion = await championVersion(adapters);
  const row = await readDailyRun(adapters, date);
  return {
    championVersion: champion,
    finished: row?.status === 'succeeded' ? row.report : null,
  };
}

/** The ledger has a cancelled run as one that failed: its date has not been done. */
export async function finishDailyRun(
  { database }: Adapters,
  { report, ...run }: FinishedDailyRun,
): Promise<void> {
  const { sql } = database;
  const status = run.status === 'succeeded' ? 'succeeded' : 'failed';
  await sql`
    insert into ops.daily_runs as run (date, status, report, started_at, finished_at)
    values (${report.date}, ${status}, ${sql.json(report as never)}, clock_timestamp(), clock_timestamp())
    on conflict (date) do update set status = excluded.status, report = excluded.report,
      finished_at = excluded.finished_at where run.status <> 'succeeded'`.catch(throwDatabaseError);
}

/**
 * K, L and S of a date's run: taken once, after its load has committed, and stored; every retry
 * gets the stored one.
 */
export async function takeDailyKnowledge(
  adapters: Adapters,
  date: LogicalDate,
  progress?: Progress,
): Promise<PlannedKnowledge> {
  const stored = await readDailyRun(adapters, date);
  if (stored?.known_at) return storedKnowledge(stored);
  const taken = await takePlannedKnowledge(adapters, 'latest', {
    waitMillis: null,
    waiting: progress && loadWaitOf(progress),
  });
  requireNotInFuture(date, parseInstant(taken.knownAt));
  await adapters.database.sql`
    insert into ops.daily_runs as run (date, known_at, batch, complete_through, status, started_at)
    values (${date}, ${taken.knownAt}, ${taken.batch}, ${taken.completeThrough}, 'running', clock_timestamp())
    on conflict (date) do update set known_at = excluded.known_at, batch = excluded.batch,
      complete_through = excluded.complete_through where run.known_at is null`.catch(
    throwDatabaseError,
  );
  const row = await readDailyRun(adapters, date);
  return row?.known_at ? storedKnowledge(row) : taken;
}

/** @throws ChurnError INVALID_DATE_RANGE when the day begins after the latest moment known. */
export function requireNotInFuture(date: LogicalDate, latest: EpochMicros): void {
  if (midnightOf(date) <= latest) return;
  const problem = `it lies in the future; the latest moment known is ${formatInstant(latest)}`;
  throw new ChurnError('INVALID_DATE_RANGE', { from: date, to: date, problem });
}

function storedKnowledge({ known_at, batch, complete_through }: DailyRow): PlannedKnowledge {
  const known = { at: known_at ?? '', batch: batch ?? 0 };
  const label = { ...known, completeThrough: complete_through };
  return plannedKnowledgeOf('latest', { known, label });
}

/** Puts back what was lost, publishes the day's partition, and restates those that late data or matured labels touch. */
export async function computeDay(
  adapters: Adapters,
  request: { date: LogicalDate; runId: string; knowledge: PlannedKnowledge },
  progress: Progress,
): Promise<DayComputed> {
  const { date, runId, knowledge } = request;
  await rebuildLedger({ ledger: adapters.ledger, store: adapters.paths });
  await mendLostFiles(adapters, date, progress);
  const own = await ownRequest(adapters, date, knowledge);
  const restatements = await planRestatements(adapters, knowledge, {
    owner: runId,
    except: date,
    progress,
  });
  const requests = [...own, ...restatements.requests];
  const publishedBy = (published: LogicalDate) => (published === date ? 'daily' : 'restate');
  const options = { owner: runId, requests, publishedBy } as const;
  const { outcomes } = await computeRequested(adapters, options, progress);
  requireNoFailure(outcomes);
  await adapters.ledger.noteChecked(restatements.untouched, knowledgeOf(knowledge));
  if (hasServed(outcomes, date)) {
    await adapters.ledger.noteServed(date, knowledgeOf(knowledge));
  }
  const [row] = await adapters.ledger.list({ from: date, to: date });
  const manifest = own.length > 0 ? row?.manifest : null;
  return {
    published: manifest ? { revision: manifest.revision, rows: manifest.rows } : null,
    restated: restatedIn(outcomes.filter((outcome) => outcome.date !== date)),
  };
}

function hasServed(outcomes: readonly PublishOutcome[], date: LogicalDate): boolean {
  return outcomes.some((outcome) => outcome.date === date && outcome.status !== 'overtaken');
}

/** The day's own request; none when a `latest` partition with later knowledge is there. */
async function ownRequest(
  { ledger }: Adapters,
  date: LogicalDate,
  knowledge: PlannedKnowledge,
): Promise<PartitionRequest[]> {
  const rows = await ledger.list({ from: date, to: date });
  const published = rows[0]?.manifest;
  const isKeptAlone =
    published?.knowledge === 'latest' &&
    parseInstant(published.known_at) > parseInstant(knowledge.knownAt);
  return isKeptAlone ? [] : requestsOf([date], knowledge, { rows, reason: 'daily' });
}

function requireNoFailure(outcomes: readonly PublishOutcome[]): void {
  const failed = outcomes.filter((outcome) => outcome.status === 'failed');
  if (failed.length === 0) return;
  const [first] = failed;
  throw new ChurnError('PARTITIONS_FAILED', {
    count: failed.length,
    date: first?.date ?? '',
    problem: first?.error ?? '',
  });
}

function restatedIn(outcomes: readonly PublishOutcome[]): RestatedPartition[] {
  return outcomes.flatMap(({ date, status, revision, reason }) =>
    status === 'published' && revision !== null ? [{ date, revision, reason }] : [],
  );
}

/**
 * Everything that late data and matured labels touch; a dry run only lists it. The claims are those
 * of the run: of the workflow `restate`, or of one `churn restate`.
 */
export async function restatePartitions(
  adapters: Adapters,
  { dryRun, runId }: { dryRun: boolean; runId: string },
  progress: Progress,
): Promise<RestateReport> {
  const owner = `restate-${runId}`;
  const knowledge = await takePlannedKnowledge(adapters, 'latest', {
    ...(dryRun ? {} : { waitMillis: null }),
    waiting: loadWaitOf(progress),
  });
  const { requests, untouched } = await planRestatements(adapters, knowledge, {
    owner,
    progress,
  });
  const rows = new Map((await adapters.ledger.list()).map((row) => [row.date, row]));
  const checked = [...rows.values()].map((row) => row.checkedThroughBatch ?? 0);
  const firstBatch = Math.min(knowledge.batch, ...checked.map((batch) => batch + 1));
  const batches = [firstBatch, knowledge.batch] as const;
  if (dryRun) {
    const restated = requests.map(({ date, reason }) => ({
      date,
      reason,
      revision: (rows.get(date)?.manifest?.revision ?? 0) + 1,
    }));
    return { batches, restated };
  }
  const publishedBy = (): Publisher => 'restate';
  const options = { owner, requests, publishedBy };
  const { outcomes } = await computeRequested(adapters, options, progress);
  requireNoFailure(outcomes);
  await adapters.ledger.noteChecked(untouched, knowledgeOf(knowledge));
  return { batches, restated: restatedIn(outcomes) };
}

/** How far back the watchdog looks for runs that never were. */
const WATCHED_DAYS = 7;

/**
 * Dates whose daily run should have succeeded by `now` and has not. Expected are the days from the
 * first run that the installation ever made, or from the first that the Schedule was to make.
 */
export async function findUnfinishedRuns(
  adapters: Adapters,
  { now, scheduledSince }: { now: string; scheduledSince?: string },
): Promise<string[]> {
  const [row] = await adapters.database.sql<{ first: string | null; succeeded: string[] }[]>`
    select min(date) as first,
      coalesce(array_agg(date) filter (where status = 'succeeded'), '{}') as succeeded
    from ops.daily_runs`.catch(throwDatabaseError);
  const scheduled = scheduledSince && firstNominalDate(parseInstant(scheduledSince));
  const [first] = [row?.first, scheduled].filter((date) => typeof date === 'string').sort();
  if (!first) return [];
  const last = addDays(firstNominalDate(parseInstant(now) + 1n), -1);
  const from = addDays(last, 1 - WATCHED_DAYS);
  const succeeded = new Set(row?.succeeded);
  return datesBetween(first > from ? first : from, last).filter((date) => !succeeded.has(date));
}

/** The day of the first nominal time, 01:00 UTC, at or after an instant. */
function firstNominalDate(instant: EpochMicros): LogicalDate {
  const day = dateOf(instant);
  return instant <= midnightOf(day) + MICROS_PER_HOUR ? day : addDays(day, 1);
}
