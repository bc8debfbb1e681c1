import type { PlannedKnowledge } from '../contracts';
import { countParquetRows, type DuckDb } from '../duckdb';
import type { TimelineFiles } from '../features';
import { parseInstant } from '../instants';
import { findTimelines, makeTimelines } from '../offline-store';
import type { RawLog } from '../raw-data';
import type { Adapters } from './open-platform';
import type { JobProgress } from './partition-jobs';

/** Making timelines takes as long as answering without: not for a few rows. */
const ROWS_PER_USER_MIN = 0.1;

interface Asked {
  readonly duckDb: DuckDb;
  readonly rawLog: RawLog;
  readonly knowledge: PlannedKnowledge;
  /** How many rows the spine has. */
  readonly rows: number;
  readonly progress: JobProgress;
}

/**
 * The timelines that history may read: those that are there; for a spine of many rows they are made,
 * unless each row has a K of its own, or K is before some arrival.
 */
export async function historyTimelines(
  adapters: Adapters,
  { duckDb, rawLog, knowledge, rows, progress }: Asked,
): Promise<TimelineFiles | undefined> {
  if (knowledge.kind === 'as-served') return undefined;
  const segments: RawLog['segments'] = (table, batch) => rawLog.segments(table, batch);
  const { batch } = knowledge;
  const { featureSet, database, paths } = adapters;
  const options = { featureSet, segments, batch, timelinesDir: paths.timelines };
  const found = await findTimelines(duckDb, options);
  if (found) return found;
  const users = await countParquetRows(duckDb, segments('users', batch));
  if (rows < users * ROWS_PER_USER_MIN) return undefined;
  return makeTimelines(duckDb, {
    ...options,
    database,
    knownAt: parseInstant(knowledge.knownAt),
    signal: progress.signal,
    report: (done, total) => progress.report({ what: 'history: timelines', done, total }),
  });
}
