import { readListsOfAll, readParquet, type DuckDb, type ListColumn } from '../duckdb';
import { MICROS_PER_DAY } from '../instants';
import type { FeatureDefinition } from './language';
import type { FactSeries, SeriesBlock } from './series-block';
import { planTimelines, type Timeline, type TimelineFiles } from './timelines';
import { sortByUser, type UserSeries } from './user-series';

interface ReadOptions {
  readonly features: readonly FeatureDefinition[];
  /** Whether some of the users from (inclusive) until (exclusive) are asked for. */
  readonly isAsked: (from: number, until: number) => boolean;
  readonly signal?: AbortSignal;
}

/** The series of all users who are asked for, some users after others; parts without are not read. */
export async function* readTimelines(
  { connection }: DuckDb,
  { parts }: TimelineFiles,
  { features, isAsked, signal }: ReadOptions,
): AsyncGenerator<SeriesBlock> {
  const plan = planTimelines(features);
  const columns = plan.timelines.flatMap((timeline) => timeline.columns);
  const asked = withPlaces(parts).filter(({ from, until }) => isAsked(from, until));
  const sqls = asked.map(({ file }) => `SELECT ${columns.join(', ')} FROM ${readParquet([file])}`);
  const next = asked.map(({ from }) => from);
  for await (const chunk of readListsOfAll(connection, { sqls, columns: columns.length, signal })) {
    const from = next[chunk.query]!;
    const until = from + chunk.rows;
    next[chunk.query] = until;
    const lists = new Map(columns.map((column, index) => [column, chunk.lists[index]!]));
    const seriesOf = (feature: FeatureDefinition) =>
      seriesFrom(plan.ofFeature.get(feature)!, lists, feature);
    yield { users: { from, until }, features, seriesOf };
  }
  const strayed = asked.find(({ until }, index) => next[index] !== until);
  if (strayed) throw new Error(`${strayed.file} does not have the users that it should have`);
}

function withPlaces(
  parts: TimelineFiles['parts'],
): { file: string; from: number; until: number }[] {
  let from = 0;
  return parts.map(({ file, users }) => {
    from += users;
    return { file, from: from - users, until: from };
  });
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
