import { allocateColumn, type ColumnArray } from '../../duckdb';
import { tileType, type TileColumn, type SourcePlan } from './accumulators';
import { indexAtOrAfter, type Grid } from './grid';
import { KeyIndex } from './key-index';

/** Raw rows, a column each. A hash is two 32-bit words, the lower one first. */
export interface TileRows {
  /** The hash of each row's user. */
  readonly user: Int32Array;
  /** When it happened, in microseconds since the first moment of the grid. */
  readonly sinceFirst: Float64Array;
  /** The first moment that sees it, or the number of moments; absent: the first not before it. */
  readonly seenAt?: Int32Array;
  /** By sessions, the hash of its session. */
  readonly session?: Int32Array;
  /** What it adds to each column of the plan. */
  readonly values: readonly ColumnArray[];
}

/**
 * Tiles in the order in which their first rows came. A tile stands for rows of one user (and, by
 * sessions, of one session) with the same day and moment of arrival; several may stand for such
 * rows, each for a part of them.
 */
export interface CollectedTiles {
  readonly count: number;
  readonly user: Int32Array;
  readonly day: Int32Array;
  /** The first moment that sees a tile; the number of moments where none does. */
  readonly seenAt: Int32Array;
  /** The values of the plan's columns. */
  readonly columns: readonly ColumnArray[];
  /** The tile before it of the same session; none: −1. */
  readonly previous: Int32Array;
  /** The last tile of each session. */
  readonly latest: Int32Array;
  readonly sessions: number;
  /** The sessions that have more than one tile. */
  readonly several: readonly number[];
}

/** A guess, so that arrays seldom grow. */
const ROWS_PER_FACT = 3.5;

/** How many earlier tiles of a session are searched; beyond them, a duplicate is appended. */
const LOOK_BACK = 4;

/**
 * Adds raw rows up to tiles, in any order. It is fast where rows come as segments have them, a
 * user's in the order of time: then a row mostly belongs to the tile of the row before, or to a new
 * one. Two sessions of a user are taken for one if their hashes are equal; among a million sessions
 * of a user that happens once in forty million times (docs/decisions/0015).
 */
export class TileCollector {
  private count = 0;
  private user: Int32Array;
  private day: Int32Array;
  private seenAt: Int32Array;
  private previous: Int32Array;
  private columns: ColumnArray[];
  private readonly sessionIndex: KeyIndex;
  private latest: Int32Array;
  private sessions = 0;
  private readonly several: number[] = [];
  private readonly first: number;
  /** Of each row of a chunk: its tile, day and arrival. */
  private tiles = new Int32Array(0);
  private days = new Int32Array(0);
  private seen = new Int32Array(0);

  /**
   * @param userOf  The number of a user by the two words of its id's hash.
   * @param expected  About how many users and rows there are.
   */
  constructor(
    private readonly plan: SourcePlan,
    private readonly grid: Pick<Grid, 'first' | 'count'>,
    private readonly userOf: (low: number, high: number) => number,
    { users, rows }: { readonly users: number; readonly rows: number },
  ) {
    this.first = Number(grid.first);
    const capacity = 1_024 + Math.ceil(rows / ROWS_PER_FACT);
    this.user = new Int32Array(capacity);
    this.day = new Int32Array(capacity);
    this.seenAt = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
    this.columns = plan.columns.map((column) => emptyColumn(column, capacity));
    this.sessionIndex = new KeyIndex({ owners: users, keys: plan.bySession ? capacity : 0 });
    this.latest = new Int32Array(plan.bySession ? capacity : 0).fill(-1);
  }

  add(rows: TileRows): void {
    const { plan, tiles } = this.withRoomFor(rows.sinceFirst.length);
    const seen = this.placeInTime(rows);
    if (rows.session) this.placeBySession(rows.user, rows.session, seen);
    else this.placeByUser(rows.user, seen);
    for (const [index, { combine }] of plan.columns.entries()) {
      const values = { tiles, values: rows.values[index]!, rows: rows.sinceFirst.length };
      const into = this.columns[index]!;
      if (combine === 'sum') addUp(into, values);
      else if (combine === 'max') keepGreatest(into, values);
      else {
        const first = combine === 'latest' ? this.first : 0;
        keepLatest(into, values, { first, sinceFirst: rows.sinceFirst });
      }
    }
  }

  private withRoomFor(rows: number): this {
    if (this.tiles.length < rows) {
      this.tiles = new Int32Array(rows);
      this.days = new Int32Array(rows);
      this.seen = new Int32Array(rows);
    }
    return this;
  }

  /** Days, −W for all that every window has passed; and the moments that first see the rows. */
  private placeInTime({ sinceFirst, seenAt }: TileRows): Int32Array {
    const { days, seen } = this;
    const { count } = this.grid;
    const floor = -this.plan.windowDays;
    for (let row = 0; row < sinceFirst.length; row += 1) {
      const day = Math.max(indexAtOrAfter(sinceFirst[row]!), floor);
      days[row] = day;
      seen[row] = Math.min(Math.max(day, 0), count);
    }
    return seenAt ?? seen;
  }

  collected(): CollectedTiles {
    const { count, user, day, seenAt, columns, previous, latest, sessions, several } = this;
    return { count, user, day, seenAt, columns, previous, latest, sessions, several };
  }

  private placeByUser(users: Int32Array, seen: Int32Array): void {
    const { days, tiles } = this;
    let user = -1;
    let tile = -1;
    for (let row = 0; 2 * row < users.length; row += 1) {
      const isSameUser = isAsBefore(users, row);
      if (!isSameUser) user = this.userOf(users[2 * row]!, users[2 * row + 1]!);
      const isSame = isSameUser && days[row] === days[row - 1] && seen[row] === seen[row - 1];
      if (!isSame) tile = this.append(user, days[row]!, seen[row]!);
      tiles[row] = tile;
    }
  }

  private placeBySession(users: Int32Array, sessions: Int32Array, seen: Int32Array): void {
    const { days, tiles } = this;
    const floor = -this.plan.windowDays;
    let user = -1;
    let tile = -1;
    for (let row = 0; 2 * row < users.length; row += 1) {
      const day = days[row]!;
      const isSameUser = isAsBefore(users, row);
      if (!isSameUser) user = this.userOf(users[2 * row]!, users[2 * row + 1]!);
      const isSame =
        isSameUser &&
        day === days[row - 1] &&
        seen[row] === seen[row - 1] &&
        // Rows that only accumulators without a window remember need no session.
        (day <= floor || isAsBefore(sessions, row));
      if (!isSame && day <= floor) tile = this.append(user, day, seen[row]!);
      else if (!isSame) {
        const session = this.sessionIndex.numberOf(
          user,
          sessions[2 * row]!,
          sessions[2 * row + 1]!,
        );
        tile = this.ofSession(session, user, day, seen[row]!);
      }
      tiles[row] = tile;
    }
  }

  /** The tile of a session for a day and a moment of arrival: a recent one, or a new one. */
  private ofSession(session: number, user: number, day: number, at: number): number {
    if (session >= this.latest.length) this.latest = grown(this.latest, -1);
    if (session >= this.sessions) this.sessions = session + 1;
    const latest = this.latest[session]!;
    let tile = latest;
    for (let back = 0; back < LOOK_BACK && tile >= 0; back += 1) {
      if (this.day[tile] === day && this.seenAt[tile] === at) return tile;
      tile = this.previous[tile]!;
    }
    if (latest >= 0 && this.previous[latest]! < 0) this.several.push(session);
    const added = this.append(user, day, at);
    this.previous[added] = latest;
    this.latest[session] = added;
    return added;
  }

  private append(user: number, day: number, at: number): number {
    if (this.count === this.user.length) this.grow();
    const tile = this.count;
    this.count += 1;
    this.user[tile] = user;
    this.day[tile] = day;
    this.seenAt[tile] = at;
    this.previous[tile] = -1;
    return tile;
  }

  private grow(): void {
    this.user = grown(this.user);
    this.day = grown(this.day);
    this.seenAt = grown(this.seenAt);
    this.previous = grown(this.previous);
    this.columns = this.columns.map((column, index) => {
      const larger = emptyColumn(this.plan.columns[index]!, column.length * 2);
      larger.set(column);
      return larger;
    });
  }
}

/** Whether a row has the hash of the row before; the first has not. */
function isAsBefore(words: Int32Array, row: number): boolean {
  const low = 2 * row;
  return row > 0 && words[low] === words[low - 2] && words[low + 1] === words[low - 1];
}

function grown(values: Int32Array, fill = 0): Int32Array {
  const larger = new Int32Array(values.length * 2).fill(fill, values.length);
  larger.set(values);
  return larger;
}

/** Flags and counts start at 0; only times and ranks, which are DOUBLE, may be less. */
function emptyColumn(column: TileColumn, length: number): ColumnArray {
  const type = tileType(column);
  const values = allocateColumn(type, length);
  return column.combine !== 'sum' && type === 'DOUBLE' ? values.fill(-Infinity) : values;
}

interface RowValues {
  readonly tiles: Int32Array;
  readonly values: ColumnArray;
  readonly rows: number;
}

function addUp(into: ColumnArray, { tiles, values, rows }: RowValues): void {
  for (let row = 0; row < rows; row += 1) into[tiles[row]!]! += values[row]!;
}

function keepGreatest(into: ColumnArray, { tiles, values, rows }: RowValues): void {
  for (let row = 0; row < rows; row += 1) {
    const tile = tiles[row]!;
    if (values[row]! > into[tile]!) into[tile] = values[row]!;
  }
}

function keepLatest(
  into: ColumnArray,
  { tiles, values, rows }: RowValues,
  { first, sinceFirst }: { first: number; sinceFirst: Float64Array },
): void {
  for (let row = 0; row < rows; row += 1) {
    if (values[row] === 0) continue;
    const tile = tiles[row]!;
    const time = first + sinceFirst[row]!;
    if (time > into[tile]!) into[tile] = time;
  }
}
