import { allocateColumn, type ColumnArray } from '../../duckdb';
import { tileType, type SourcePlan } from './accumulators';
import type { CollectedTiles } from './tile-collector';

/**
 * The tiles of a source (or of a shard of its users), grouped by day: `byDay(d)` are the positions
 * of the tiles of day d. Tiles that became known after their day are listed by moment of arrival.
 */
export interface TileBlock {
  readonly plan: SourcePlan;
  readonly user: Int32Array;
  /** The first moment that sees a tile; the number of moments where none does. */
  readonly seenAt: Int32Array;
  readonly columns: readonly ColumnArray[];
  /** Positions [from, until) of the tiles of day d; any d is allowed. */
  readonly byDay: (day: number) => { readonly from: number; readonly until: number };
  /** Positions and days of the tiles that arrive at moment i, later than their day. */
  readonly lateAt: (moment: number) => readonly { readonly tile: number; readonly day: number }[];
}

/** Puts tiles into the order of their days: a counting sort. */
export function groupByDay(plan: SourcePlan, tiles: CollectedTiles, moments: number): TileBlock {
  const { starts, first, places } = placesByDay(tiles);
  const { count } = tiles;
  return {
    plan,
    user: inPlace(tiles.user, new Int32Array(count), places),
    seenAt: inPlace(tiles.seenAt, new Int32Array(count), places),
    columns: plan.columns.map((column, index) =>
      inPlace(tiles.columns[index]!, allocateColumn(tileType(column), count), places),
    ),
    byDay: (day) => {
      const index = day - first;
      if (index < 0 || index >= starts.length - 1) return { from: 0, until: 0 };
      return { from: starts[index]!, until: starts[index + 1]! };
    },
    lateAt: lateTiles(tiles, places, moments),
  };
}

interface Places {
  /** The first day that has tiles. */
  readonly first: number;
  /** Where the tiles of each day from the first on begin, and the number of all. */
  readonly starts: Int32Array;
  /** Per tile, its position in the order of days. */
  readonly places: Int32Array;
}

function placesByDay({ day, count }: CollectedTiles): Places {
  let first = Infinity;
  let last = -Infinity;
  for (let tile = 0; tile < count; tile += 1) {
    first = Math.min(first, day[tile]!);
    last = Math.max(last, day[tile]!);
  }
  const starts = new Int32Array(count === 0 ? 1 : last - first + 2);
  for (let tile = 0; tile < count; tile += 1) starts[day[tile]! - first + 1]! += 1;
  for (let index = 1; index < starts.length; index += 1) starts[index]! += starts[index - 1]!;
  const next = starts.slice();
  const places = new Int32Array(count);
  for (let tile = 0; tile < count; tile += 1) places[tile] = next[day[tile]! - first]!++;
  return { first, starts, places };
}

function inPlace<T extends ColumnArray>(values: ColumnArray, into: T, places: Int32Array): T {
  for (let tile = 0; tile < places.length; tile += 1) into[places[tile]!] = values[tile]!;
  return into;
}

function lateTiles(
  { day, seenAt, count }: CollectedTiles,
  places: Int32Array,
  moments: number,
): TileBlock['lateAt'] {
  const late = new Map<number, { tile: number; day: number }[]>();
  for (let tile = 0; tile < count; tile += 1) {
    const at = seenAt[tile]!;
    if (at <= Math.max(day[tile]!, 0) || at >= moments) continue;
    const known = late.get(at);
    const own = { tile: places[tile]!, day: day[tile]! };
    if (known) known.push(own);
    else late.set(at, [own]);
  }
  return (moment) => late.get(moment) ?? [];
}
