import type { SyntheticWorld } from '../../../packages/contracts/synthetic-world';
import type { EpochMicros } from '../../../packages/instants/epoch-micros';
import { addDays, midnightOf, type LogicalDate } from '../../../packages/instants/logical-date';
import { generateArrivals } from '../../../packages/synthetic/generate-arrivals';
import type { CountWork, Work } from '../../../packages/synthetic/named-streams';
import type {
  BillingEventRow,
  PlanChangeRow,
  UserEventRow,
  UserRow,
  WorldRows,
} from '../../../packages/synthetic/synthetic-world';

export interface CollectedRows {
  readonly users: UserRow[];
  readonly planChanges: PlanChangeRow[];
  readonly userEvents: UserEventRow[];
  readonly billingEvents: BillingEventRow[];
}

export function collect(rows: WorldRows): CollectedRows {
  return {
    users: [...rows.users],
    planChanges: [...rows.planChanges],
    userEvents: [...rows.userEvents],
    billingEvents: [...rows.billingEvents],
  };
}

/** All arrivals of the first `days` days. */
export function firstDays(world: SyntheticWorld, days: number): CollectedRows {
  const after = midnightOf(world.start);
  return collect(generateArrivals(world, { after, through: dayAfterStart(world.start, days) }));
}

export function dayAfterStart(start: LogicalDate, days: number): EpochMicros {
  return midnightOf(addDays(start, days));
}

/** Every row as one line with its table, sorted: two unions are equal iff these are. */
export function asLines(...parts: CollectedRows[]): string[] {
  return parts
    .flatMap((part) =>
      Object.entries(part).flatMap(([table, rows]) =>
        (rows as object[]).map((row) => line(table, row)),
      ),
    )
    .sort();
}

function line(table: string, row: object): string {
  return JSON.stringify([table, ...Object.values(row)], (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

/** What one union has and the other has not: the first few lines, not thousands. */
export function differences(left: readonly string[], right: readonly string[]): string[] {
  const [inLeft, inRight] = [new Set(left), new Set(right)];
  const repeated = left.length - inLeft.size + right.length - inRight.size;
  return [
    ...left.filter((one) => !inRight.has(one)).map((one) => `only left: ${one}`),
    ...right.filter((one) => !inLeft.has(one)).map((one) => `only right: ${one}`),
    ...(repeated > 0 ? [`${repeated} repeated`] : []),
  ].slice(0, 5);
}

/** What a window cost, by kind of work. */
export function workOf(
  world: SyntheticWorld,
  window: { after: EpochMicros; through: EpochMicros },
): Record<Work, number> {
  const counts = { stream: 0, era: 0, cycle: 0, row: 0 };
  const countWork: CountWork = (work) => (counts[work] += 1);
  for (const rows of Object.values(generateArrivals(world, window, countWork))) {
    for (const _row of rows as Iterable<unknown>) continue;
  }
  return counts;
}
