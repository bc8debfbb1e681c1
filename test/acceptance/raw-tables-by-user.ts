import type { RawTables } from '../support/oracle';
import { parseInstant } from '../../packages/instants/epoch-micros';
import type { TestApplication } from './open-test-platform';

interface Arrived {
  readonly user_id: string;
  readonly ingested_at: string;
  readonly batch: number;
}

type Happened = Arrived & { readonly event_time: string };

const arrival = (row: Arrived) => ({
  userId: row.user_id,
  ingestedAt: parseInstant(row.ingested_at),
  batch: row.batch,
});

const happened = (row: Happened) => ({ ...arrival(row), eventTime: parseInstant(row.event_time) });

/**
 * The raw tables in Postgres, as the oracle takes them, each user's apart: the oracle scans all it
 * is given for every answer.
 */
export async function rawTablesByUser({
  adapters,
}: TestApplication): Promise<ReadonlyMap<string, RawTables>> {
  const { sql } = adapters.database;
  const users = await sql<(Arrived & { signup_time: string; plan: string })[]>`
    select * from raw_data.users`;
  const changes = await sql<(Happened & { change_id: string; plan: string })[]>`
    select * from raw_data.plan_changes`;
  const events = await sql<(Happened & { session_id: string; event_type: string })[]>`
    select * from raw_data.user_events`;
  const bills = await sql<(Happened & { event_type: string; amount_cents: number })[]>`
    select * from raw_data.billing_events`;
  const changesOf = byUser(changes);
  const eventsOf = byUser(events);
  const billsOf = byUser(bills);
  return new Map(
    users.map((user) => {
      const { user_id: id } = user;
      const tables: RawTables = {
        users: [{ ...arrival(user), signupTime: parseInstant(user.signup_time), plan: user.plan }],
        planChanges: (changesOf.get(id) ?? []).map((row) => {
          return { ...happened(row), changeId: row.change_id, plan: row.plan };
        }),
        userEvents: (eventsOf.get(id) ?? []).map((row) => {
          return { ...happened(row), sessionId: row.session_id, eventType: row.event_type };
        }),
        billingEvents: (billsOf.get(id) ?? []).map((row) => {
          return {
            ...happened(row),
            eventType: row.event_type,
            amountCents: BigInt(row.amount_cents),
          };
        }),
      };
      return [id, tables];
    }),
  );
}

function byUser<Row extends Arrived>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.user_id);
    if (group) group.push(row);
    else groups.set(row.user_id, [row]);
  }
  return groups;
}
