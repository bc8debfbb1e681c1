import { allocateColumn, type ColumnArray } from '../duckdb';
import type { SourcePlan } from './channels';

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

/** Takes facts in any order, once it knows how many there are of each day. */
export class FactBlockBuilder {
  private readonly starts: Int32Array;
  private readonly next: Int32Array;
  private readonly user: Int32Array;
  private readonly seenAt: Int32Array;
  private readonly columns: readonly ColumnArray[];
  private readonly late = new Map<number, { fact: number; day: number }[]>();

  /** @param days How many facts each day has, and the first and last of these days. */
  constructor(
    private readonly plan: SourcePlan,
    private readonly moments: number,
    private readonly days: { readonly first: number; readonly counts: Int32Array },
  ) {
    this.starts = new Int32Array(days.counts.length + 1);
    for (const [index, count] of days.counts.entries()) {
      this.starts[index + 1] = this.starts[index]! + count;
    }
    const facts = this.starts.at(-1) ?? 0;
    this.next = this.starts.slice();
    this.user = new Int32Array(facts);
    this.seenAt = new Int32Array(facts);
    this.columns = plan.columns.map(({ type }) => allocateColumn(type, facts));
  }

  /** Columns u, d, a and those of the plan. */
  add(chunk: readonly ColumnArray[], rows: number): void {
    const [users, days, seen] = chunk as readonly [Int32Array, Int32Array, Int32Array];
    const slots = new Int32Array(rows);
    for (let row = 0; row < rows; row += 1) {
      const day = days[row]!;
      const slot = this.next[day - this.days.first]!++;
      slots[row] = slot;
      this.user[slot] = users[row]!;
      this.seenAt[slot] = seen[row]!;
      if (seen[row]! > Math.max(day, 0) && seen[row]! < this.moments) {
        this.noteLate(seen[row]!, slot, day);
      }
    }
    for (const [index, column] of this.columns.entries()) {
      const values = chunk[index + 3]!;
      for (let row = 0; row < rows; row += 1) column[slots[row]!] = values[row]!;
    }
  }

  private noteLate(moment: number, fact: number, day: number): void {
    const known = this.late.get(moment);
    if (known) known.push({ fact, day });
    else this.late.set(moment, [{ fact, day }]);
  }

  build(): FactBlock {
    const { plan, user, seenAt, columns, starts, late } = this;
    const { first } = this.days;
    return {
      plan,
      user,
      seenAt,
      columns,
      byDay: (day) => {
        const index = day - first;
        if (index < 0 || index >= starts.length - 1) return { from: 0, until: 0 };
        return { from: starts[index]!, until: starts[index + 1]! };
      },
      lateAt: (moment) => late.get(moment) ?? [],
    };
  }
}
