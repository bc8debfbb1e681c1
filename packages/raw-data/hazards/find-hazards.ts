import type { DuckDb } from '../../duckdb';
import type { EpochMicros } from '../../instants';
import { cleanedRows, referredUsers, type PreparedTable } from '../load/prepare-load';
import type { LoadWarning } from '../load-warning';
import type { RawTable } from '../raw-tables';
import { absentValues } from './absent-values';
import { constantTimes } from './constant-time';
import { floatIds } from './float-ids';
import { localTimes } from './local-time';
import {
  countAbsentValues,
  countFloatIds,
  countLogins,
  countPlans,
  countSilentUsers,
  findConstantTimes,
  listEventDays,
  listRowsAroundChanges,
} from './measure-load';
import { noLogin } from './no-login';
import { unexpectedPlans } from './plan-names';
import { silentUsers } from './silent-users';
import { strayLastEvents } from './stray-last-event';

export interface Hazards {
  readonly warnings: readonly LoadWarning[];
  /** Later events don't say how far the source is complete; null where all of them do. */
  readonly completeBy: EpochMicros | null;
}

/**
 * What is within the rules and may nevertheless be a mistake, by the rows without a fault of their
 * own. What a first load lacks, later ones need not have: they are not asked for logins, plans and
 * the events of their users.
 */
export async function findHazards(
  duckDb: DuckDb,
  tables: readonly PreparedTable[],
  { isFirstLoad }: { isFirstLoad: boolean },
): Promise<Hazards> {
  const faultless = (table: RawTable) => {
    const prepared = tables.find((candidate) => candidate.table === table);
    return prepared && `(SELECT * FROM ${cleanedRows(prepared)} WHERE "reason" IS NULL)`;
  };
  const events = faultless('user_events');
  // Attributes are about the users and the moments of other rows, or all of one moment.
  const others = tables.filter(({ table }) => table !== 'user_attributes');
  const warnings = [
    ...(isFirstLoad ? await firstLoadHazards(duckDb, faultless) : []),
    ...floatIds(await countFloatIds(duckDb, others)),
    ...constantTimes(await findConstantTimes(duckDb, others)),
    ...absentValues(await countAbsentValues(duckDb, tables)),
  ];
  if (!events) return { warnings, completeBy: null };
  const { days, rows } = await listEventDays(duckDb, events);
  const stray = strayLastEvents(days, rows);
  warnings.push(...stray.warnings);
  warnings.push(...localTimes(await listRowsAroundChanges(duckDb, events, days)));
  return { warnings, completeBy: stray.lastBefore };
}

async function firstLoadHazards(
  duckDb: DuckDb,
  faultless: (table: RawTable) => string | undefined,
): Promise<LoadWarning[]> {
  const users = faultless('users');
  const events = faultless('user_events');
  const plans = [users, faultless('plan_changes')].filter((table) => table !== undefined);
  return [
    ...(events ? noLogin(await countLogins(duckDb, events)) : []),
    ...unexpectedPlans(await countPlans(duckDb, plans)),
    ...(users
      ? silentUsers(await countSilentUsers(duckDb, users, events && referredUsers('user_events')))
      : []),
  ];
}
