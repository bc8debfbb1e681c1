import type { ColumnArray } from '../duckdb';
import { MICROS_PER_DAY } from '../instants';
import type { FeatureDefinition } from './language';
import type { GridUsers } from './sweep';

const DAY = Number(MICROS_PER_DAY);

/** What a feature is made from; the arrays are indexed by what `visible` lists. */
export interface ColumnOptions {
  readonly feature: FeatureDefinition;
  readonly state: Float64Array;
  readonly counts: Float64Array;
  readonly visible: Int32Array;
  readonly users: Pick<GridUsers, 'signup' | 'plan'>;
  /** T in epoch microseconds: one for all, or one each. */
  readonly moment: number | Float64Array;
  readonly into: ColumnArray;
}

/** Turns what a channel has come to into the values of a feature, a row per index in `visible`. */
export function fillColumn(options: ColumnOptions): void {
  switch (options.feature.aggregate.kind) {
    case 'count':
    case 'count-distinct':
    case 'sum':
      return fillTotals(options);
    case 'days-since-last':
      return fillDaysSince(options);
    case 'latest-equals':
      return fillLatestEquals(options);
  }
}

function fillTotals({ feature, state, counts, visible, into }: ColumnOptions): void {
  const divisor = feature.dividedBy ?? 1;
  const none = Number(feature.default ?? 0);
  let greatest = 0;
  for (let row = 0; row < visible.length; row += 1) {
    const user = visible[row]!;
    const total = state[user]!;
    if (total > greatest) greatest = total;
    into[row] = counts[user] === 0 ? none : total / divisor;
  }
  if (greatest > Number.MAX_SAFE_INTEGER) throw new RangeError(`${feature.name} is above 2^53`);
}

/**
 * Whole 24-hour days. The floor is exact over spans below 2^53 µs, 285 years: a quotient just below
 * n days is at least 1 µs ÷ 24 h = 1.2e-11 away from n, and doubles below 2^17 are less than 1.5e-11
 * apart.
 */
function fillDaysSince({ feature, state, visible, users, moment, into }: ColumnOptions): void {
  const { signup } = users;
  const never = feature.default === undefined ? undefined : Number(feature.default);
  for (let row = 0; row < visible.length; row += 1) {
    const user = visible[row]!;
    const last = state[user]!;
    if (last === -Infinity && never !== undefined) {
      into[row] = never;
      continue;
    }
    const at = typeof moment === 'number' ? moment : moment[user]!;
    const passed = at - (last === -Infinity ? signup[user]! : last);
    into[row] = Math.floor(passed / DAY);
  }
}

function fillLatestEquals({ feature, state, visible, users, into }: ColumnOptions): void {
  const { aggregate } = feature;
  if (aggregate.kind !== 'latest-equals') throw new RangeError(aggregate.kind);
  for (let row = 0; row < visible.length; row += 1) {
    const user = visible[row]!;
    const latest = state[user]!;
    if (latest !== -Infinity) into[row] = latest % 2;
    else into[row] = Number(feature.default ?? users.plan[user] === aggregate.equals);
  }
}
