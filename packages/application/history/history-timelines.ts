import { knowledgeOf, type PlannedKnowledge, type Progress } from '../../contracts';
import type { DuckDb } from '../../duckdb';
import { countRows, type TimelineFiles } from '../../features';
import { findTimelines, makeTimelines, parseKnowledge } from '../../offline-store';
import type { RawLog, RawTable } from '../../raw-data';
import type { Adapters } from '../open/open-adapters';

/** Making timelines takes as long as answering without: not for a few rows. */
const ROWS_PER_USER_MIN = 0.1;

interface TimelineQuery {
  readonly duckDb: DuckDb;
  readonly rawLog: RawLog;
  readonly knowledge: PlannedKnowledge;
  /** How many rows the spine has. */
  readonly rows: number;
  readonly progress: Progress;
}

/**
 * Answers from the timelines that are there; for a spine of many rows they are made, unless each row
 * has a K of its own, or K is before some arrival. Timelines are a shortcut: whatever is wrong with
 * them, or with making them, undefined says to go without.
 */
export async function withTimelines<T>(
  adapters: Adapters,
  asked: TimelineQuery,
  answer: (timelines: TimelineFiles) => Promise<T>,
): Promise<T | undefined> {
  const { progress } = asked;
  if (asked.knowledge.kind === 'as-served') return undefined;
  try {
    const timelines = await findOrMake(adapters, asked);
    return timelines && (await answer(timelines));
  } catch (error) {
    progress.signal.throwIfAborted();
    const [problem] = (error as Error).message.split('\n');
    progress.note?.(`history: without timelines (${problem})`);
    return undefined;
  }
}

async function findOrMake(
  { featureSet, paths, now }: Adapters,
  { duckDb, rawLog, knowledge, rows, progress }: TimelineQuery,
): Promise<TimelineFiles | undefined> {
  const known = parseKnowledge(knowledgeOf(knowledge));
  const { batch } = known;
  const options = {
    featureSet,
    segments: (table: RawTable, through: number) => rawLog.segments(table, through),
    contentKey: rawLog.contentKey(batch),
    timelinesDir: paths.timelines,
    signal: progress.signal,
  };
  const found = await findTimelines({ ...options, batch });
  if (found) return found;
  const users = await countRows(duckDb, rawLog.segments('users', batch), batch);
  if (rows < users * ROWS_PER_USER_MIN) return undefined;
  return makeTimelines(duckDb, {
    ...options,
    known,
    now: now(),
    onPart: (done, total) => progress.report({ what: 'history: timelines', done, total }),
  });
}
