import type { Grid } from '../../features';
import { dayNumber, midnightOf, type LogicalDate } from '../../instants';
import { parseKnowledge, parseLabelKnowledge } from '../parse-knowledge';
import type { PartitionRequest } from '../partition-request';

/**
 * How many moments one scan may serve, so that the facts of all of them fit in memory: a year of up
 * to thirty million events, shorter spans of more, never less than a month (12 scans a year).
 */
export function momentsPerScan(events: number): number {
  const year = 366;
  return Math.max(31, Math.min(year, Math.floor((year * 30_000_000) / Math.max(events, 1))));
}

/**
 * Groups of dates that one grid can serve: within so many days, K and S never falling, and one label
 * knowledge, or labels that are there already. Days in between that are not asked for cost a little,
 * a scan of their own far more.
 */
export function groupIntoGrids(
  requests: readonly PartitionRequest[],
  moments: number,
): PartitionRequest[][] {
  const groups: PartitionRequest[][] = [];
  for (const request of [...requests].sort((a, b) => (a.date < b.date ? -1 : 1))) {
    const group = groups.at(-1);
    if (group && canJoin(group, request, moments)) group.push(request);
    else groups.push([request]);
  }
  return groups;
}

function canJoin(
  group: readonly PartitionRequest[],
  next: PartitionRequest,
  moments: number,
): boolean {
  const [first] = group;
  const last = group.at(-1);
  if (!first || !last) return false;
  const { at, batch, completeThrough } = first.label;
  // Where only the state is new, the labels are not those that the grid gives.
  const haveLabels = first.addsState === true && next.addsState === true;
  const isSameLabel =
    next.label.at === at &&
    next.label.batch === batch &&
    next.label.completeThrough === completeThrough;
  return (
    indexIn(group, next) < moments &&
    next.date > last.date &&
    next.known.at >= last.known.at &&
    next.known.batch >= last.known.batch &&
    (haveLabels || isSameLabel)
  );
}

/** The moment of a date in its group's grid. */
export function indexIn(
  [first]: readonly PartitionRequest[],
  { date }: { date: LogicalDate },
): number {
  return first ? dayNumber(date) - dayNumber(first.date) : 0;
}

export function gridOf(group: readonly PartitionRequest[]): Grid {
  const [first] = group;
  const last = group.at(-1);
  if (!first || !last) throw new RangeError('a grid needs a date');
  const count = indexIn(group, last) + 1;
  const byIndex = new Map(group.map((request) => [indexIn(group, request), request]));
  let { known } = first;
  return {
    first: midnightOf(first.date),
    count,
    knowledge: Array.from({ length: count }, (_, index) => {
      // A day that is not asked for takes the knowledge of the one before.
      known = byIndex.get(index)?.known ?? known;
      return parseKnowledge(known);
    }),
    label: parseLabelKnowledge(first.label),
  };
}
