import { randomUUID } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  ChurnError,
  knowledgeOf,
  type KnownAtRequest,
  type PlannedKnowledge,
  type Progress,
} from '../../contracts';
import { copyToParquet, quoteLiteral, registerColumnFunction, type DuckDb } from '../../duckdb';
import { makeFolder } from '../../durable-files';
import {
  columnTypesOf,
  computeHistory,
  spineReasons,
  valueFromColumn,
  type History,
  type TimelineFiles,
  type SpineKnowledge,
} from '../../features';
import { MICROS_PER_HOUR, parseInstant } from '../../instants';
import { parseKnowledge } from '../../offline-store';
import { readSpine, type RawLog } from '../../raw-data';
import { withTimelines } from './history-timelines';
import type { Adapters } from '../open/open-adapters';
import { replaceServedRows } from './replace-served-rows';
import { takePlannedKnowledge } from '../partitions/take-planned-knowledge';

/** `churn history`. */
export interface HistoryReport {
  readonly rows: number;
  /** How many rows have a vector. */
  readonly found: number;
  /** How many have none, by reason. */
  readonly null_by_reason: Readonly<Record<string, number>>;
  /** K of all rows, or `as-served`, where each has its own. */
  readonly known_at: string;
  /** S: with a K as `known_at` it gives the same rows again, whatever is loaded later. */
  readonly batch: number;
  readonly out: string;
}

export interface HistoryQuery {
  readonly spine: string;
  readonly out: string;
  readonly knownAt: KnownAtRequest;
  /** The last load that counts, S; absent: the latest. */
  readonly batch?: number;
}

/**
 * Point-in-time vectors for any users and moments: a row out per row of the spine, in its order,
 * with a reason where there is no vector. The file appears in one step.
 *
 * @throws ChurnError INVALID_SPINE, INVALID_REQUEST (known_at, batch, out), NO_DATA, STORAGE_UNAVAILABLE
 */
export async function writeHistory(
  adapters: Adapters,
  query: HistoryQuery,
  progress: Progress,
): Promise<HistoryReport> {
  const spine = path.resolve(query.spine);
  const out = path.resolve(query.out);
  await requireOwnFile(out, spine);
  const knowledge = await takePlannedKnowledge(adapters, query.knownAt, query);
  const temporary = path.join(path.dirname(out), `.${path.basename(out)}.${randomUUID()}.tmp`);
  await makeFolder(path.dirname(out));
  const folders = [path.dirname(spine), path.dirname(out)];
  const duckDb = await adapters.openDuckDb(folders);
  try {
    const rows = await readSpine(duckDb, { file: spine, scratchDir: adapters.paths.scratch });
    const history = await compute(adapters, { duckDb, knowledge, progress, rows });
    progress.report({ what: 'history: writing', done: rows, total: rows });
    await write(duckDb, adapters, { history, knowledge, file: temporary });
    await rename(temporary, out);
    return report(history, knowledge, out);
  } finally {
    duckDb.close();
    await rm(temporary, { force: true });
  }
}

/** Found out at once, not after all the work. */
async function requireOwnFile(out: string, spine: string): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  const isFolder = found?.isDirectory() ?? false;
  if (!isFolder && out !== spine) return;
  const problem = isFolder ? `${out} is a folder` : 'the output would overwrite the spine file';
  throw new ChurnError('INVALID_REQUEST', { problem });
}

interface HistoryWork {
  readonly duckDb: DuckDb;
  readonly knowledge: PlannedKnowledge;
  readonly progress: Progress;
}

function compute(adapters: Adapters, work: HistoryWork & { rows: number }): Promise<History> {
  return adapters.withRawLog((rawLog) => computeFrom(adapters, rawLog, work), work.progress);
}

async function computeFrom(
  adapters: Adapters,
  rawLog: RawLog,
  work: HistoryWork & { rows: number },
): Promise<History> {
  const { duckDb, knowledge, progress } = work;
  const answer = (timelines?: TimelineFiles) => {
    progress.report({ what: 'history: computing', done: 0, total: work.rows });
    return computeHistory(duckDb, {
      featureSet: adapters.featureSet,
      knowledge: spineKnowledge(knowledge),
      segments: (table, batch) => rawLog.segments(table, batch),
      timelines,
      now: parseInstant(knowledge.labelKnownAt),
      signal: progress.signal,
    });
  };
  const history = (await withTimelines(adapters, { ...work, rawLog }, answer)) ?? (await answer());
  if (knowledge.kind === 'as-served') {
    await replaceServedRows(adapters, { duckDb, knowledge, progress, rawLog, history });
  }
  return history;
}

function spineKnowledge(planned: PlannedKnowledge): SpineKnowledge {
  const known = knowledgeOf(planned);
  return planned.kind === 'as-served'
    ? { afterMicros: MICROS_PER_HOUR, batch: known.batch }
    : parseKnowledge(known);
}

async function write(
  duckDb: DuckDb,
  { featureSet }: Adapters,
  options: { history: History; knowledge: PlannedKnowledge; file: string },
): Promise<void> {
  const { history, knowledge, file } = options;
  const { features } = featureSet;
  const columns = { reason_number: 'UTINYINT' as const, ...columnTypesOf(features) };
  const arrays = [history.reasons, ...history.features];
  registerColumnFunction(duckDb.connection, 'history_row', columns, arrays);
  const values = features.map(
    (feature) =>
      `CASE WHEN reason_number = 0 THEN ${valueFromColumn(feature)} END AS ${feature.name}`,
  );
  const reasons = spineReasons.slice(1).map((reason) => quoteLiteral(reason ?? ''));
  const isServed = knowledge.kind === 'as-served';
  const knownAt = isServed
    ? `coalesce(served.known_at, t + ${MICROS_PER_HOUR})`
    : `${parseInstant(knowledge.knownAt)}`;
  const rows = `SELECT row, user_id, t, v.* FROM (
    SELECT row, user_id, t, history_row(row) AS v FROM (
      SELECT rowid::INTEGER AS row, user_id, t FROM spine))`;
  const query = `SELECT user_id, make_timestamptz(t) AS time, ${values.join(', ')},
      make_timestamptz(CASE WHEN t IS NOT NULL THEN ${knownAt} END) AS known_at,
      [${reasons.join(', ')}][reason_number] AS reason
    FROM (${rows})${isServed ? ' LEFT JOIN served USING (t) ORDER BY row' : ''}`;
  await duckDb.run(copyToParquet(query, file));
}

function report(history: History, knowledge: PlannedKnowledge, out: string): HistoryReport {
  const counts = new Int32Array(spineReasons.length);
  for (let row = 0; row < history.rows; row += 1) counts[history.reasons[row]!]! += 1;
  const byReason = spineReasons.map((reason, code) => [reason, counts[code]!] as const);
  const nulls = byReason.filter(([reason, count]) => reason !== null && count > 0);
  const known_at = knowledge.kind === 'as-served' ? 'as-served' : knowledge.knownAt;
  const null_by_reason = Object.fromEntries(nulls) as Record<string, number>;
  const { batch } = knowledge;
  return { rows: history.rows, found: counts[0]!, null_by_reason, known_at, batch, out };
}
