import { regroupRows, writeListColumnFile, type ListRows } from '../../list-columns';
import { readLists, type DuckDb } from '../../duckdb';
import type { EpochMicros } from '../../instants';
import {
  compileTimelines,
  compileTimelineUsers,
  dropTimelineTables,
  selectTimelinePasses,
  type TimelinePass,
} from './compile-timelines';
import type { SpineOptions } from './compile-spine';
import type { FeatureSet } from '../feature-set';
import { sourcesOfFeatures } from '../language/feature-definition';
import { readSegments, type Segment, type Segments } from '../segments';
import { planTimelines, type Timeline, type TimelineFiles, type TimelinePart } from './timelines';

/**
 * What a row may take while lists are made of it: they can't be moved to disk. A pass has as many
 * users as that allows, since segments of small loads, whose row groups have rows of all users, are
 * read anew for each.
 */
const BYTES_PER_ROW = 250;

/** What is read at a time: little enough that it is walked while it is near, 32 MB at most. */
const PART = { users: 2_048, values: 2 ** 22 };

export interface TimelineOptions {
  readonly featureSet: FeatureSet;
  readonly segments: Segments;
  readonly batch: number;
  readonly signal?: AbortSignal;
}

/** When the last of the rows that features are made from arrived; 0 where there is none. */
export async function latestArrival(
  duckDb: DuckDb,
  options: TimelineOptions,
): Promise<EpochMicros> {
  const rows = readSegments(sourceSegments(options));
  const [row] = await duckDb.rows<{ latest: bigint | null }>(
    `SELECT epoch_us(max(ingested_at)) AS latest FROM ${rows} WHERE batch <= ${options.batch}`,
    options.signal,
  );
  return row?.latest ?? 0n;
}

function sourceSegments({ featureSet, segments, batch }: TimelineOptions): Segment[] {
  return sourcesOfFeatures(featureSet.features).flatMap((source) => segments(source, batch));
}

interface WriteOptions extends TimelineOptions {
  readonly lastArrival: EpochMicros;
  /** The file of the first part, 0, and so on. */
  readonly fileOf: (part: number) => string;
  /** Limits of a part; one of a single user may have more values. */
  readonly part?: { readonly users: number; readonly values: number };
  /** About how many rows lists are made of at a time: bounds memory, never changes a byte. */
  readonly rowsPerPass?: number;
  /** Told of the users whose timelines are there, and of all. */
  readonly onPart?: (done: number, total: number) => void;
}

/** Writes the timelines of all users of the batches, those of some users to a file. */
export async function writeTimelines(
  duckDb: DuckDb,
  options: WriteOptions,
): Promise<TimelineFiles> {
  const { lastArrival, fileOf, onPart, signal, part = PART } = options;
  const { rowsPerPass = Math.floor((duckDb.memoryMegabytes * 1e6) / BYTES_PER_ROW) } = options;
  const { timelines } = planTimelines(options.featureSet.features);
  const { segments, batch } = options;
  const sources = { segments, knowledge: { at: lastArrival, batch } };
  const cut = { segments: sourceSegments(options), rowsPerPass };
  const parts: TimelinePart[] = [];
  let done = 0;
  try {
    await duckDb.run(compileTimelineUsers(sources, cut), signal);
    const passes = await duckDb.rows<{ from: number; until: number }>(selectTimelinePasses);
    const total = passes.at(-1)?.until ?? 0;
    const lists = readPasses(duckDb, { timelines, passes, sources, signal });
    for await (const group of regroupRows(lists, { rows: part.users, values: part.values })) {
      signal?.throwIfAborted();
      const file = fileOf(parts.length);
      const bytes = await writeListColumnFile(file, group);
      const users = group.reduce((sum, { rows }) => sum + rows, 0);
      parts.push({ file, users, bytes });
      done += users;
      onPart?.(done, total);
    }
  } finally {
    // Errors of the clean-up are ignored, so that the original error is thrown.
    for (const sql of dropTimelineTables(timelines)) await duckDb.run(sql).catch(() => {});
  }
  return { lastArrival, parts };
}

interface Passes {
  readonly timelines: readonly Timeline[];
  readonly passes: readonly TimelinePass[];
  readonly sources: SpineOptions;
  readonly signal?: AbortSignal;
}

/** A row of lists per user, in the order of their ids. */
async function* readPasses(
  duckDb: DuckDb,
  { timelines, passes, sources, signal }: Passes,
): AsyncGenerator<ListRows> {
  for (const pass of passes) {
    const { before, query } = compileTimelines(timelines, pass, sources);
    for (const sql of before) await duckDb.run(sql, signal);
    yield* readLists(duckDb.connection, { sql: query, signal });
  }
}
