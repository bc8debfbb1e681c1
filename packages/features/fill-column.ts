import type { ColumnArray } from '../duckdb';
import { MICROS_PER_DAY } from '../instants';
import type { FeatureDefinition } from './language/feature-definition';

const DAY = Number(MICROS_PER_DAY);

/** What a feature is made from; the arrays are indexed by what `visible` lists. */
export interface ColumnOptions {
  readonly feature: FeatureDefinition;
  readonly state: Float64Array;
  readonly counts: Float64Array;
  readonly visible: Int32Array;
  readonly users: {
    readonly signup: Float64Array;
    /** For `latest-equals`: 1 where the plan at signup equals. */
    readonly ownEquals?: Uint8Array;
  };
  /** T in epoch microseconds: one for all, or one each. */
  readonly moment: number | Float64Array;
  readonly into: ColumnArray;
}

/** Where texts equal what a `latest-equals` feature looks for; of other features, nothing. */
export function equalsOf(
  { aggregate }: FeatureDefinition,
  texts: readonly (string | undefined)[],
): Uint8Array | undefined {
  if (aggregate.kind !== 'latest-equals') return undefined;
  return Uint8Array.from(texts, (text) => Number(text === aggregate.equals));
}

/** Turns what an accumulator has come to into the values of a feature, a row per index in `visible`. */
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

function fillTotals(options: ColumnOptions): void {
  const { feature, state, counts, into } = options;
  const isPlain = counts === state && Number(feature.default ?? 0) === 0;
  let greatest: number;
  if (!isPlain) greatest = fillWithDefault(options);
  else if (into instanceof Int32Array) greatest = fillWhole(options, into);
  else greatest = fillDivided(options, into);
  if (greatest > Number.MAX_SAFE_INTEGER) throw new RangeError(`${feature.name} is above 2^53`);
}

/** Apart from the next one, so that each loop writes one type of array. */
function fillWhole({ state, visible }: ColumnOptions, into: Int32Array): number {
  let greatest = 0;
  for (let row = 0; row < visible.length; row += 1) {
    const total = state[visible[row]!]!;
    if (total > greatest) greatest = total;
    into[row] = total;
  }
  return greatest;
}

function fillDivided({ feature, state, visible }: ColumnOptions, into: ColumnArray): number {
  const divisor = feature.dividedBy ?? 1;
  let greatest = 0;
  for (let row = 0; row < visible.length; row += 1) {
    const total = state[visible[row]!]!;
    if (total > greatest) greatest = total;
    into[row] = total / divisor;
  }
  return greatest;
}

function fillWithDefault({ feature, state, counts, visible, into }: ColumnOptions): number {
  const divisor = feature.dividedBy ?? 1;
  const none = Number(feature.default ?? 0);
  let greatest = 0;
  for (let row = 0; row < visible.length; row += 1) {
    const user = visible[row]!;
    const total = state[user]!;
    if (total > greatest) greatest = total;
    into[row] = counts[user] === 0 ? none : total / divisor;
  }
  return greatest;
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
  const { ownEquals } = users;
  if (!ownEquals) throw new RangeError(`${feature.name} needs the plans at signup`);
  const none = feature.default === undefined ? undefined : Number(feature.default);
  for (let row = 0; row < visible.length; row += 1) {
    const user = visible[row]!;
    const latest = state[user]!;
    if (latest !== -Infinity) into[row] = latest % 2;
    else into[row] = none ?? ownEquals[user]!;
  }
}
