import { oneAhead } from '../../bounded-tasks';
import { MICROS_PER_DAY } from '../../instants';
import { readListColumnFile, type ListColumn } from '../../list-columns';
import type { FeatureDefinition } from '../language/feature-definition';
import type { TileSeries, SeriesBlock } from './series-block';
import {
  columnsOf,
  planTimelines,
  type Timeline,
  type TimelineFiles,
  type TimelinePart,
} from './timelines';
import { sortByUser, type UserSeries } from './user-series';

interface TimelineReadOptions {
  readonly features: readonly FeatureDefinition[];
  /** Of all, not only of those who are asked for. */
  readonly userCount: number;
  /** Whether some of the users from (inclusive) until (exclusive) are asked for. */
  readonly isAsked: (from: number, until: number) => boolean;
  readonly signal?: AbortSignal;
}

/**
 * Yields the series of the requested users, in batches; those of most other users are not read.
 *
 * @throws Error where the files can't be read, or can't be timelines of these users.
 */
export async function* readTimelines(
  { parts }: TimelineFiles,
  { features, userCount, isAsked, signal }: TimelineReadOptions,
): AsyncGenerator<SeriesBlock> {
  const plan = planTimelines(features);
  const columns = plan.timelines.flatMap(columnsOf);
  const all = partsOf(parts);
  if ((all.at(-1)?.until ?? 0) !== userCount) throw new Error('timelines of other users');
  const asked = all.filter(({ from, until }) => isAsked(from, until));
  let [room, other] = [roomFor(asked), roomFor(asked)];
  const read = async ({ part, ...users }: PartOfUsers) => {
    signal?.throwIfAborted();
    [room, other] = [other, room];
    return { users, lists: await readPart(part, columns.length, room) };
  };
  // A part is read while the one before it is walked.
  for await (const { users, lists } of oneAhead(asked, read)) {
    const named = new Map(columns.map((column, index) => [column, lists[index]!]));
    plan.timelines.forEach((timeline) => requirePairs(timeline, named));
    const seriesOf = async (feature: FeatureDefinition) =>
      seriesFrom(plan.ofFeature.get(feature)!, named, feature);
    yield { users, features, seriesOf };
  }
}

interface PartOfUsers {
  readonly from: number;
  readonly until: number;
  readonly part: TimelinePart;
}

function partsOf(parts: TimelineFiles['parts']): PartOfUsers[] {
  let until = 0;
  return parts.map((part) => {
    const from = until;
    until += part.users;
    return { from, until, part };
  });
}

/** For the largest: garbage of such a size is expensive to find. */
function roomFor(parts: readonly PartOfUsers[]): Uint8Array {
  return new Uint8Array(parts.reduce((most, { part }) => Math.max(most, part.bytes), 0));
}

async function readPart(
  { file, users, bytes }: TimelinePart,
  columns: number,
  room: Uint8Array,
): Promise<readonly ListColumn[]> {
  const { lists } = await readListColumnFile(
    file,
    { rows: users, columns },
    room.subarray(0, bytes),
  );
  return lists;
}

/** Lists that go with each other are of the same lengths. */
function requirePairs(timeline: Timeline, lists: ReadonlyMap<string, ListColumn>): void {
  const columns = columnsOf(timeline);
  for (let first = 0; first + 1 < columns.length; first += 2) {
    const [one, other] = [columns[first]!, columns[first + 1]!];
    const { offsets } = lists.get(other)!;
    const isPair = lists.get(one)!.offsets.every((offset, row) => offset === offsets[row]);
    if (!isPair) throw new Error(`timelines whose ${one} and ${other} do not go together`);
  }
}

function seriesFrom(
  timeline: Timeline,
  lists: ReadonlyMap<string, ListColumn>,
  { windowDays }: FeatureDefinition,
): TileSeries {
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
): TileSeries['pauses'] {
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
