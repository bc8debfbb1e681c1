import { allocateColumn, type ColumnArray } from '../../duckdb';
import { MICROS_PER_DAY } from '../../instants';
import type { Accumulator, AccumulatorPlan } from './accumulators';
import type { TileBlock } from './tile-block';
import type { FeatureSet } from '../feature-set';
import { momentOf, type Grid } from './grid';
import { columnTypeOf } from '../language/feature-columns';
import { equalsOf, fillColumn } from '../fill-column';

/** The users of a grid, by number: in the order of their ids. */
export interface GridUsers {
  readonly ids: readonly string[];
  /** Epoch microseconds. */
  readonly signup: Float64Array;
  /** The first moment that sees each user. */
  readonly since: Int32Array;
  readonly plan: readonly string[];
}

/** What to add to an accumulator of a user at a moment, beside what the tiles come to. */
export interface Correction {
  readonly accumulator: number;
  readonly user: number;
  readonly value: number;
}

/** The vectors of one moment: a row per visible user, by user_id. */
export interface MomentVectors {
  /** Which moment of the grid. */
  readonly index: number;
  readonly rows: number;
  /** The number of each row's user. */
  readonly users: Int32Array;
  /** Per feature, in order: int32, float64, or 0 and 1 for bool. */
  readonly features: readonly ColumnArray[];
  /** 0 and 1; `LABEL_UNKNOWN` is null. */
  readonly label: Uint8Array;
  /** 0 and 1. */
  readonly state: Uint8Array;
  /** Gives the arrays back, to be written over by a later moment. Without it they stay. */
  release(): void;
}

interface Columns {
  readonly users: Int32Array;
  readonly features: readonly ColumnArray[];
  readonly label: Uint8Array;
  readonly state: Uint8Array;
}

export const LABEL_UNKNOWN = 2;

interface AggregatorInput {
  readonly featureSet: FeatureSet;
  readonly plan: AccumulatorPlan;
  readonly grid: Grid;
  readonly users: GridUsers;
  readonly blocks: readonly TileBlock[];
  readonly corrections: ReadonlyMap<number, readonly Correction[]>;
}

/**
 * Goes over the moments of a grid in order and keeps, per user, what every feature comes to: tiles
 * are added when a moment first sees them and taken off when their window has passed. That is
 * O(tiles + users × moments), in arrays whose size does not depend on the number of moments. All
 * arithmetic is on integers below 2^53, so that no order of additions changes a bit.
 */
export class SlidingWindowAggregator {
  private readonly state: readonly Float64Array[];
  private readonly silentRows: Int32Array;
  private readonly cancellations: Int32Array;
  private readonly windows: readonly number[];
  /** Per feature: whose plan at signup is the one it looks for. */
  private readonly ownEquals: readonly (Uint8Array | undefined)[];
  /** Arrays that were given back: fresh ones for every moment would keep the collector busy. */
  private readonly spare: Columns[] = [];
  private now = -1;

  constructor(private readonly input: AggregatorInput) {
    const { featureSet, plan, users } = input;
    this.ownEquals = featureSet.features.map((feature) => equalsOf(feature, users.plan));
    // One more than there are users: tiles of users that no moment sees go there.
    const count = users.ids.length + 1;
    this.state = plan.accumulators.map(({ kind }) =>
      new Float64Array(count).fill(kind === 'max' ? -Infinity : 0),
    );
    this.silentRows = new Int32Array(count);
    this.cancellations = new Int32Array(count);
    this.windows = [...new Set(plan.accumulators.flatMap(({ windowDays }) => windowDays ?? []))];
  }

  /** The vectors of moment `index`; moments can only be asked for in rising order. */
  vectorsAt(index: number): MomentVectors {
    if (index <= this.now || index >= this.input.grid.count) {
      throw new RangeError(`moment ${index} comes not after ${this.now}, or not at all`);
    }
    while (this.now < index) this.advance();
    return this.emit();
  }

  private advance(): void {
    this.now += 1;
    const { blocks, corrections, featureSet } = this.input;
    const horizon = featureSet.label.horizonDays;
    for (const block of blocks) {
      if (this.now === 0) this.begin(block, horizon);
      else this.step(block, horizon);
    }
    for (const { accumulator, user, value } of corrections.get(this.now) ?? []) {
      this.state[accumulator]![user]! += value;
    }
  }

  /** What is in force at the first moment: tiles of any earlier day, and the label's next days. */
  private begin(block: TileBlock, horizon: number): void {
    for (let day = -block.plan.windowDays; day <= 0; day += 1) this.arrive(block, day);
    for (let day = 1; day <= horizon; day += 1) this.addToLabel(block, day, 1);
  }

  private step(block: TileBlock, horizon: number): void {
    const { now } = this;
    for (const days of this.windows) this.expire(block, now - days, days);
    this.arrive(block, now);
    for (const { tile, day } of block.lateAt(now)) {
      this.arrive(block, day, { from: tile, until: tile + 1 });
    }
    this.addToLabel(block, now, -1);
    this.addToLabel(block, now + horizon, 1);
  }

  /** The tiles of a day, or some of them, that this moment is the first to see. */
  private arrive(block: TileBlock, day: number, range = block.byDay(day)): void {
    if (range.from === range.until) return;
    for (const [index, accumulator] of this.input.plan.accumulators.entries()) {
      if (accumulator.source !== block.plan.source || hasPassed(accumulator, day, this.now))
        continue;
      this.addRange(block, range, { index, accumulator });
    }
  }

  private addRange(
    { user, seenAt, columns }: TileBlock,
    { from, until }: { from: number; until: number },
    { index, accumulator }: { index: number; accumulator: Accumulator },
  ): void {
    const state = this.state[index]!;
    const { now } = this;
    const values = accumulator.column === undefined ? undefined : columns[accumulator.column]!;
    const isMax = accumulator.kind === 'max';
    for (let tile = from; tile < until; tile += 1) {
      if (seenAt[tile] !== now) continue;
      const value = values === undefined ? 1 : values[tile]!;
      const at = user[tile]!;
      if (!isMax) state[at]! += value;
      else if (value > state[at]!) state[at] = value;
    }
  }

  /** Takes off the tiles of a day whose window has passed, if they were ever seen in it. */
  private expire(block: TileBlock, day: number, windowDays: number): void {
    const { from, until } = block.byDay(day);
    if (from === until) return;
    const { user, seenAt, columns } = block;
    const { now } = this;
    for (const [index, accumulator] of this.input.plan.accumulators.entries()) {
      if (accumulator.source !== block.plan.source || accumulator.windowDays !== windowDays)
        continue;
      const state = this.state[index]!;
      const values = accumulator.column === undefined ? undefined : columns[accumulator.column]!;
      for (let tile = from; tile < until; tile += 1) {
        if (seenAt[tile]! >= now) continue;
        state[user[tile]!]! -= values === undefined ? 1 : values[tile]!;
      }
    }
  }

  /** A tile of day d speaks for the labels of the moments before it, back to the horizon. */
  private addToLabel({ plan, user, columns, byDay }: TileBlock, day: number, sign: 1 | -1): void {
    const { from, until } = byDay(day);
    const { silent, cancelled } = plan.label;
    for (const [column, counts] of [
      [silent, this.silentRows],
      [cancelled, this.cancellations],
    ] as const) {
      if (column === undefined) continue;
      const flags = columns[column]!;
      for (let tile = from; tile < until; tile += 1) counts[user[tile]!]! += sign * flags[tile]!;
    }
  }

  private emit(): MomentVectors {
    const { featureSet, plan, users, grid } = this.input;
    const columns = this.spare.pop() ?? this.allocate();
    const rows = this.listVisible(columns.users);
    const visible = columns.users.subarray(0, rows);
    const moment = Number(momentOf(grid, this.now));
    for (const [index, feature] of featureSet.features.entries()) {
      const { value, rows: rowsAccumulator } = plan.features[index]!;
      const state = this.state[value]!;
      const counts = rowsAccumulator === undefined ? state : this.state[rowsAccumulator]!;
      const into = columns.features[index]!;
      const own = { signup: users.signup, ownEquals: this.ownEquals[index] };
      fillColumn({ feature, state, counts, visible, users: own, moment, into });
    }
    this.fillLabels(visible, columns.label);
    this.fillState(visible, columns.state);
    return {
      index: this.now,
      rows,
      users: visible,
      features: columns.features.map((values) => values.subarray(0, rows)),
      label: columns.label.subarray(0, rows),
      state: columns.state.subarray(0, rows),
      release: () => this.spare.push(columns),
    };
  }

  private allocate(): Columns {
    const { featureSet, users } = this.input;
    const count = users.ids.length;
    return {
      users: new Int32Array(count),
      features: featureSet.features.map(({ type }) => allocateColumn(columnTypeOf[type], count)),
      label: new Uint8Array(count),
      state: new Uint8Array(count),
    };
  }

  private listVisible(into: Int32Array): number {
    const { since } = this.input.users;
    const { now } = this;
    let rows = 0;
    for (let user = 0; user < since.length; user += 1) {
      if (since[user]! <= now) into[rows++] = user;
    }
    return rows;
  }

  /** Null until the whole horizon is known, even if an event already decides it. */
  private fillLabels(visible: Int32Array, into: Uint8Array): void {
    const { grid, featureSet } = this.input;
    const { silentRows, cancellations } = this;
    const horizon = BigInt(featureSet.label.horizonDays) * MICROS_PER_DAY;
    const { at, completeThrough } = grid.label;
    const end = momentOf(grid, this.now) + horizon;
    if (completeThrough === null || end > at || end > completeThrough) {
      into.fill(LABEL_UNKNOWN);
      return;
    }
    for (let row = 0; row < visible.length; row += 1) {
      const user = visible[row]!;
      into[row] = silentRows[user] === 0 || cancellations[user]! > 0 ? 1 : 0;
    }
  }

  /** Times since the first moment of the grid are exact, and so are sums with whole days. */
  private fillState(visible: Int32Array, into: Uint8Array): void {
    const { ended, resumed } = this.input.plan.state;
    const endings = this.state[ended]!;
    into.fill(1);
    for (let row = 0; row < visible.length; row += 1) {
      const user = visible[row]!;
      const ending = endings[user]!;
      if (ending === -Infinity) continue;
      const isResumed = resumed.some(
        ({ last, afterMicros }) => this.state[last]![user]! > ending + afterMicros,
      );
      into[row] = Number(isResumed);
    }
  }
}

function hasPassed({ windowDays }: Accumulator, day: number, now: number): boolean {
  return windowDays !== undefined && day + windowDays <= now;
}
