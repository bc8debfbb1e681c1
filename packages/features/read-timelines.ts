import { readListsOfAll, type DuckDb, type ListColumn } from '../duckdb';
import { MICROS_PER_DAY } from '../instants';
import type { FeatureDefinition } from './language';
import { cutIntoPieces, readPiece, type SegmentPiece } from './segment-pieces';
import type { FactSeries, SeriesBlock } from './series-block';
import { planTimelines, type Timeline, type TimelineFiles } from './timelines';
import { sortByUser, type UserSeries } from './user-series';

interface ReadOptions {
  readonly features: readonly FeatureDefinition[];
  /** Whether some of the users from (inclusive) until (exclusive) are asked for. */
  readonly isAsked: (from: number, until: number) => boolean;
  readonly usersPerPiece?: number;
  readonly signal?: AbortSignal;
}

/** How many users one query reads, while those before them are walked. */
const USERS_PER_PIECE = 8_192;

/** The series of all users who are asked for, some after others; the lists of most others are not read. */
export async function* readTimelines(
  { connection }: DuckDb,
  { parts }: TimelineFiles,
  { features, isAsked, usersPerPiece = USERS_PER_PIECE, signal }: ReadOptions,
): AsyncGenerator<SeriesBlock> {
  const plan = planTimelines(features);
  const columns = plan.timelines.flatMap((timeline) => timeline.columns);
  const pieces = cutUsers(parts, usersPerPiece).filter(({ from, until }) => isAsked(from, until));
  const sqls = pieces.map(({ piece }) => `SELECT ${columns.join(', ')} FROM ${readPiece(piece)}`);
  const next = pieces.map(({ from }) => from);
  for await (const chunk of readListsOfAll(connection, { sqls, columns: columns.length, signal })) {
    const from = next[chunk.query]!;
    const until = from + chunk.rows;
    next[chunk.query] = until;
    const lists = new Map(columns.map((column, index) => [column, chunk.lists[index]!]));
    const seriesOf = (feature: FeatureDefinition) =>
      seriesFrom(plan.ofFeature.get(feature)!, lists, feature);
    yield { users: { from, until }, features, seriesOf };
  }
  const strayed = pieces.find(({ until }, index) => next[index] !== until);
  if (strayed) throw new Error(`${strayed.piece.files.join()} has other users than it should have`);
}

interface UserPiece {
  readonly from: number;
  readonly until: number;
  readonly piece: SegmentPiece;
}

function cutUsers(parts: TimelineFiles['parts'], usersMax: number): UserPiece[] {
  let next = 0;
  return parts.flatMap(({ file, users }) =>
    cutIntoPieces([{ file, rows: users }], usersMax).map((piece) => {
      const { from: first, until: end } = piece.rows ?? { from: 0, until: users };
      const from = next;
      next += end - first;
      return { from, until: next, piece };
    }),
  );
}

function seriesFrom(
  { kind, columns }: Timeline,
  lists: ReadonlyMap<string, ListColumn>,
  { windowDays }: FeatureDefinition,
): FactSeries {
  const [first, second, third, fourth] = columns.map((column) => lists.get(column)!);
  if (kind === 'facts') {
    const seen = { offsets: first!.offsets, times: first!.values, values: second?.values };
    return { seen, happened: seen };
  }
  const pauses = { starts: third!, ends: fourth! };
  return {
    seen: { offsets: first!.offsets, times: first!.values },
    happened: { offsets: second!.offsets, times: second!.values },
    pauses: pausesLongerThan(windowDays! * Number(MICROS_PER_DAY), pauses),
  };
}

/** Within a shorter pause a session stays in force. */
function pausesLongerThan(
  micros: number,
  { starts, ends }: { starts: ListColumn; ends: ListColumn },
): FactSeries['pauses'] {
  const { offsets, values } = starts;
  const user: number[] = [];
  const long: number[] = [];
  for (let u = 0; u + 1 < offsets.length; u += 1) {
    for (let index = offsets[u]!; index < offsets[u + 1]!; index += 1) {
      if (ends.values[index]! - values[index]! <= micros) continue;
      user.push(u);
      long.push(index);
    }
  }
  if (long.length === 0) return undefined;
  const sorted = (times: Float64Array): UserSeries =>
    sortByUser({
      userCount: offsets.length - 1,
      user: Int32Array.from(user),
      time: Float64Array.from(long, (index) => times[index]!),
    });
  return { seen: sorted(ends.values), happened: sorted(values) };
}
