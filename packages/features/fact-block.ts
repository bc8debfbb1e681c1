import { allocateColumn, type ColumnArray } from '../duckdb';
import { factType, type SourcePlan } from './channels';
import type { CollectedFacts } from './fact-collector';

/**
 * The facts of a source (or of a shard of its users), grouped by day: `byDay(d)` are the positions
 * of the facts of day d. Facts that became known after their day are listed by moment of arrival.
 */
export interface FactBlock {
  readonly plan: SourcePlan;
  readonly user: Int32Array;
  /** The first moment that sees a fact; the number of moments where none does. */
  readonly seenAt: Int32Array;
  readonly columns: readonly ColumnArray[];
  /** Positions [from, until) of the facts of day d; any d is allowed. */
  readonly byDay: (day: number) => { readonly from: number; readonly until: number };
  /** Positions and days of the facts that arrive at moment i, later than their day. */
  readonly lateAt: (moment: number) => readonly { readonly fact: number; readonly day: number }[];
}

/** Puts facts into the order of their days: a counting sort. */
export function groupByDay(plan: SourcePlan, facts: CollectedFacts, moments: number): FactBlock {
  const { starts, first, places } = placesByDay(facts);
  const { count } = facts;
  return {
    plan,
    user: inPlace(facts.user, new Int32Array(count), places),
    seenAt: inPlace(facts.seenAt, new Int32Array(count), places),
    columns: plan.columns.map((column, index) =>
      inPlace(facts.columns[index]!, allocateColumn(factType(column), count), places),
    ),
    byDay: (day) => {
      const index = day - first;
      if (index < 0 || index >= starts.length - 1) return { from: 0, until: 0 };
      return { from: starts[index]!, until: starts[index + 1]! };
    },
    lateAt: lateFacts(facts, places, moments),
  };
}

interface Places {
  /** The first day that has facts. */
  readonly first: number;
  /** Where the facts of each day from the first on begin, and the number of all. */
  readonly starts: Int32Array;
  /** Per fact, its position in the order of days. */
  readonly places: Int32Array;
}

function placesByDay({ day, count }: CollectedFacts): Places {
  let first = Infinity;
  let last = -Infinity;
  for (let fact = 0; fact < count; fact += 1) {
    first = Math.min(first, day[fact]!);
    last = Math.max(last, day[fact]!);
  }
  const starts = new Int32Array(count === 0 ? 1 : last - first + 2);
  for (let fact = 0; fact < count; fact += 1) starts[day[fact]! - first + 1]! += 1;
  for (let index = 1; index < starts.length; index += 1) starts[index]! += starts[index - 1]!;
  const next = starts.slice();
  const places = new Int32Array(count);
  for (let fact = 0; fact < count; fact += 1) places[fact] = next[day[fact]! - first]!++;
  return { first, starts, places };
}

function inPlace<T extends ColumnArray>(values: ColumnArray, into: T, places: Int32Array): T {
  for (let fact = 0; fact < places.length; fact += 1) into[places[fact]!] = values[fact]!;
  return into;
}

function lateFacts(
  { day, seenAt, count }: CollectedFacts,
  places: Int32Array,
  moments: number,
): FactBlock['lateAt'] {
  const late = new Map<number, { fact: number; day: number }[]>();
  for (let fact = 0; fact < count; fact += 1) {
    const at = seenAt[fact]!;
    if (at <= Math.max(day[fact]!, 0) || at >= moments) continue;
    const known = late.get(at);
    const own = { fact: places[fact]!, day: day[fact]! };
    if (known) known.push(own);
    else late.set(at, [own]);
  }
  return (moment) => late.get(moment) ?? [];
}
