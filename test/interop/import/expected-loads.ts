import { rawTableNames, rawTables, type RawTable } from '../../../packages/raw-data/raw-tables';
import type { RawTables } from '../../support/oracle';
import type { ReadRow } from './read-as-product';

type Values = Readonly<Record<string, string | null>>;

interface Kept {
  readonly values: Values;
  readonly batch: number;
}

/** What loads of folders one after the other leave, by the rules in words. */
export interface ExpectedLoads {
  /** By table and id. */
  readonly rows: Readonly<Record<RawTable, ReadonlyMap<string, Kept>>>;
  /** As `batch table row reason`, sorted. */
  readonly rejected: readonly string[];
}

type Folder = Partial<Record<RawTable, readonly ReadRow[]>>;

/** Each folder becomes a batch, unless nothing of it is new. */
export function expectedLoads(folders: readonly Folder[]): ExpectedLoads {
  const state: State = {
    rows: {
      users: new Map(),
      plan_changes: new Map(),
      user_events: new Map(),
      billing_events: new Map(),
      user_attributes: new Map(),
    },
    waiting: [],
    rejected: [],
  };
  for (const [index, folder] of folders.entries()) {
    for (const table of rawTableNames) {
      retryWaiting(state, table, index + 1);
      loadRows(state, { table, batch: index + 1, rows: numberedRows(table, folder[table]) });
    }
  }
  return { rows: state.rows, rejected: state.rejected.sort() };
}

interface State {
  readonly rows: Readonly<Record<RawTable, Map<string, Kept>>>;
  /** Rows of users who are not known yet: each later load tries them again. */
  readonly waiting: { readonly table: RawTable; readonly values: Values }[];
  readonly rejected: string[];
}

function retryWaiting({ rows, waiting }: State, table: RawTable, batch: number): void {
  for (const { values } of waiting.filter((row) => row.table === table)) {
    const id = values[rawTables[table].key]!;
    const isAccepted = userFault(rows.users, table, values) === undefined;
    if (isAccepted && !rows[table].has(id)) rows[table].set(id, { values, batch });
  }
}

function loadRows(
  { rows, waiting, rejected }: State,
  load: { table: RawTable; batch: number; rows: ReturnType<typeof numberedRows> },
): void {
  const { table, batch } = load;
  const reject = (number: number, reason: string) =>
    rejected.push(`${batch} ${table} ${number} ${reason}`);
  const valid: { number: number; values: Values }[] = [];
  for (const { row, number } of load.rows) {
    if ('reason' in row) {
      reject(number, row.reason);
      continue;
    }
    const { values } = row;
    const fault = userFault(rows.users, table, values);
    if (fault === undefined) valid.push({ number, values });
    else reject(number, fault);
    if (fault === 'unknown_user') waiting.push({ table, values });
  }
  for (const { number, values } of valid.sort(byArrival)) {
    const id = values[rawTables[table].key]!;
    const known = rows[table].get(id);
    if (!known) rows[table].set(id, { values, batch });
    else if (!isSame(table, known.values, values)) reject(number, 'conflicting_duplicate');
  }
}

/** An attribute without a value says nothing. */
function numberedRows(table: RawTable, rows: readonly ReadRow[] = []) {
  const isAbsent = (row: ReadRow) => 'values' in row && row.values.value === null;
  return rows
    .map((row, at) => ({ row, number: at + 1 }))
    .filter(({ row }) => table !== 'user_attributes' || !isAbsent(row));
}

function userFault(
  users: ReadonlyMap<string, Kept>,
  table: RawTable,
  values: Values,
): string | undefined {
  if (table === 'users') return undefined;
  const user = users.get(values.user_id!);
  if (!user) return 'unknown_user';
  const isBefore = BigInt(values.event_time!) < BigInt(user.values.signup_time!);
  return isBefore ? 'before_signup' : undefined;
}

function byArrival(
  left: { number: number; values: Values },
  right: { number: number; values: Values },
): number {
  const difference = BigInt(left.values.ingested_at!) - BigInt(right.values.ingested_at!);
  return difference === 0n ? left.number - right.number : difference < 0n ? -1 : 1;
}

function isSame(table: RawTable, left: Values, right: Values): boolean {
  return rawTables[table].columns.every(({ name }) => left[name] === right[name]);
}

/** The rows that are kept, as the oracle of the features takes them. */
export function asRawTables({ rows }: ExpectedLoads): RawTables {
  const all = (table: RawTable) =>
    [...rows[table].values()].map(({ values, batch }) => ({
      text: (name: string) => values[name]!,
      arrived: { userId: values.user_id!, ingestedAt: BigInt(values.ingested_at!), batch },
    }));
  const happened = ({ text, arrived }: ReturnType<typeof all>[number]) => ({
    ...arrived,
    eventTime: BigInt(text('event_time')),
  });
  return {
    users: all('users').map(({ text, arrived }) => ({
      ...arrived,
      signupTime: BigInt(text('signup_time')),
      plan: text('plan'),
    })),
    planChanges: all('plan_changes').map((row) => ({
      ...happened(row),
      changeId: row.text('change_id'),
      plan: row.text('plan'),
    })),
    userEvents: all('user_events').map((row) => ({
      ...happened(row),
      sessionId: row.text('session_id'),
      eventType: row.text('event_type'),
    })),
    billingEvents: all('billing_events').map((row) => ({
      ...happened(row),
      eventType: row.text('event_type'),
      amountCents: BigInt(row.text('amount_cents')),
    })),
  };
}
