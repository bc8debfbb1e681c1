import { readListsOfAll, type DuckDb, type ListColumn } from '../duckdb';
import { MICROS_PER_DAY } from '../instants';
import type { FeatureDefinition } from './language';
import { readPiece, type SegmentPiece } from './segment-pieces';
import type { FactSeries, SeriesBlock } from './series-block';
import {
  columnsOf,
  planTimelines,
  USERS_PER_ROW_GROUP,
  type Timeline,
  type TimelineFiles,
} from './timelines';
import { sortByUser, type UserSeries } from './user-series';

interface ReadOptions {
  readonly features: readonly FeatureDefinition[];
  /** Whether some of the users from (inclusive) until (exclusive) are asked for. */
  readonly isAsked: (from: number, until: number) => boolean;
  readonly usersPerPiece?: number;
  readonly signal?: AbortSignal;
}

/** How many users one query reads, while those before them are walked: a row group for each of two threads. */
const USERS_PER_PIECE = 2 * USERS_PER_ROW_GROUP;

/**
 * The series of all users who are asked for, some after others; the lists of most others are not read.
 * Rows come in the order of the files: DuckDB is told to preserve it.
 */
export async function* readTimelines(
  { connection }: DuckDb,
  { parts }: TimelineFiles,
  { features, isAsked, usersPerPiece = USERS_PER_PIECE, signal }: ReadOptions,
): AsyncGenerator<SeriesBlock> {
  const plan = planTimelines(features);
  const columns = plan.timelines.flatMap(columnsOf);
  const pieces = cutUsers(parts, usersPerPiece).filter(({ from, until }) => isAsked(from, until));
  const sqls = pieces.map(({ piece }) => `SELECT ${columns.join(', ')} FROM ${readPiece(piece)}`);
  const next = pieces.map(({ from }) => from);
  for await (const { query, rows, lists } of readListsOfAll(connection, { sqls, signal })) {
    const from = next[query]!;
    next[query] = from + rows;
    const named = new Map(columns.map((column, index) => [column, lists[index]!]));
    const seriesOf = async (feature: FeatureDefinition) =>
      seriesFrom(plan.ofFeature.get(feature)!, named, feature);
    yield { users: { from, until: from + rows }, features, seriesOf };
  }
}

interface UserPiece {
  readonly from: number;
  readonly until: number;
  readonly piece: SegmentPiece;
}

function cutUsers(parts: TimelineFiles['parts'], usersMax: number): UserPiece[] {
  const pieces: UserPiece[] = [];
  let before = 0;
  for (const { file, users } of parts) {
    for (let from = 0; from < users; from += usersMax) {
      const rows = { from, until: Math.min(from + usersMax, users) };
      const piece = { files: [file], rows };
      pieces.push({ from: before + rows.from, until: before + rows.until, piece });
    }
    before += users;
  }
  return pieces;
}

function seriesFrom(
  timeline: Timeline,
  lists: ReadonlyMap<string, ListColumn>,
  { windowDays }: FeatureDefinition,
): FactSeries {
  const seriesOf = (column: string): UserSeries => {
    const { offsets, values } = lists.get(column)!;
    return { offsets, times: values };
  };
  if (timeline.kind === 'facts') {
    const values = timeline.values === undefined ? undefined : lists.get(timeline.values)!.values;
    const entered = { ...seriesOf(timeline.times), values };
    return { entered, left: entered };
  }
  const { starts, ends, pauseStarts, pauseEnds } = timeline;
  const pauses = { starts: seriesOf(pauseStarts), ends: seriesOf(pauseEnds) };
  return {
    entered: seriesOf(starts),
    left: seriesOf(ends),
    pauses: pausesLongerThan(windowDays! * Number(MICROS_PER_DAY), pauses),
  };
}

/** Within a shorter pause a session stays in force. */
function pausesLongerThan(
  micros: number,
  { starts, ends }: { starts: UserSeries; ends: UserSeries },
): FactSeries['pauses'] {
  const { offsets } = starts;
  const user: number[] = [];
  const long: number[] = [];
  for (let u = 0; u + 1 < offsets.length; u += 1) {
    for (let index = offsets[u]!; index < offsets[u + 1]!; index += 1) {
      if (ends.times[index]! - starts.times[index]! <= micros) continue;
      user.push(u);
      long.push(index);
    }
  }
  if (long.length === 0) return undefined;
  const sorted = ({ times }: UserSeries): UserSeries =>
    sortByUser({
      userCount: offsets.length - 1,
      user: Int32Array.from(user),
      time: Float64Array.from(long, (index) => times[index]!),
    });
  return { entered: sorted(ends), left: sorted(starts) };
}
