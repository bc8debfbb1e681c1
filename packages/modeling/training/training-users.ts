import { quoteIdentifier, type DuckDb } from '../../duckdb';
import { eligibleCondition } from '../eligibility';
import type { ModelSchema } from '../model-documents';
import { dayRelation, forEachChunk, type DayRows } from '../partition-rows';

// Training reads some 180 days of the same users. One query over all of them would hold every id as
// often as there are days, so each query here reads a single day.

/**
 * Counts the users who have a training row (eligible, with a known label) on any of some days. Memory
 * grows with the number of users, not with that of days.
 *
 * @param signal  Interrupts the count, which then rejects.
 */
export async function countUsers(
  duckDb: DuckDb,
  days: readonly DayRows[],
  schema: ModelSchema,
  signal?: AbortSignal,
): Promise<number> {
  await duckDb.run('CREATE OR REPLACE TEMP TABLE training_users (user_id VARCHAR)', signal);
  for (const day of days) {
    await duckDb.run(
      `INSERT INTO training_users SELECT user_id FROM (${usersOf(day, schema)})
       ANTI JOIN training_users USING (user_id)`,
      signal,
    );
  }
  const [row] = await duckDb.rows<{ users: bigint }>(
    'SELECT count(*) AS users FROM training_users',
    signal,
  );
  await duckDb.run('DROP TABLE training_users', signal);
  return Number(row?.users ?? 0);
}

/** A training row by its day (an index) and its position among that day's training rows, from 0. */
export interface RowAddress {
  readonly day: number;
  readonly position: number;
}

/**
 * Returns the user_id of each of some training rows, in the order asked. A row may be asked for more
 * than once.
 *
 * @throws RangeError when a day has no row at a position.
 */
export async function readUserIds(
  duckDb: DuckDb,
  days: readonly DayRows[],
  schema: ModelSchema,
  addresses: readonly RowAddress[],
): Promise<string[]> {
  const wanted = new Map<number, number[]>();
  for (const { day, position } of addresses) {
    wanted.set(day, [...(wanted.get(day) ?? []), position]);
  }
  const users = new Map<number, ReadonlyMap<number, string>>();
  for (const [day, positions] of wanted) {
    users.set(day, await readUserIdsOfDay(duckDb, usersOf(days[day]!, schema), positions));
  }
  return addresses.map(({ day, position }) => {
    const userId = users.get(day)?.get(position);
    if (userId === undefined) throw new RangeError(`day ${day} has no row ${position}`);
    return userId;
  });
}

/** The user_id at each of some positions, from 0, among the users of a day in order of user_id. */
async function readUserIdsOfDay(
  duckDb: DuckDb,
  users: string,
  positions: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  let first = 0;
  await forEachChunk(duckDb, users, (chunk) => {
    const ids = chunk.column(0);
    for (const position of positions) {
      const row = position - first;
      if (row >= 0 && row < chunk.rows) found.set(position, ids.getItem(row) as string);
    }
    first += chunk.rows;
  });
  return found;
}

/** The users with a training row on a day, as SQL; in order of user_id, as the rows of the day are. */
function usersOf(day: DayRows, schema: ModelSchema): string {
  const label = quoteIdentifier(schema.label.name);
  return `SELECT user_id FROM (${dayRelation(day, schema)})
    WHERE ${eligibleCondition(schema)} AND ${label} IS NOT NULL`;
}
