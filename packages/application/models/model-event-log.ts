import { throwDatabaseError, type TransactionSql } from '../../database';
import { requireOwnDatabase } from '../../local-services';
import type { FormerEvent, ModelEvent, ModelEventLog, ModelEventTransaction } from '../../modeling';
import type { Adapters } from '../open/open-adapters';

const EVENTS_LOCK_KEY = 7_401_341;

/** The registry's events in ops.model_events, of the database that belongs to the data directory. */
export function createModelEventLog({
  database,
  paths,
}: Pick<Adapters, 'database' | 'paths'>): ModelEventLog {
  const { sql } = database;
  return {
    latest: async () => {
      const [row] = await sql<{ number: number; hasUnnumbered: boolean }[]>`
        select coalesce(max(number), 0) as number,
          coalesce(bool_or(number is null), false) as "hasUnnumbered"
        from ops.model_events`.catch(throwDatabaseError);
      return row!;
    },
    inTransaction: async <T>(work: (events: ModelEventTransaction) => Promise<T>) => {
      await requireOwnDatabase(paths, sql).catch(throwDatabaseError);
      const result = await sql
        .begin(async (tx) => {
          await tx`select pg_advisory_xact_lock(${EVENTS_LOCK_KEY})`;
          return work(eventsIn(tx));
        })
        .catch(throwDatabaseError);
      return result as T;
    },
  };
}

function eventsIn(tx: TransactionSql): ModelEventTransaction {
  return {
    list: () => tx<ModelEvent[]>`
      select number, event_id, at, action, version, previous, reason, aliases
      from ops.model_events where number is not null order by number`,
    listUnnumbered: () => tx<FormerEvent[]>`
      select event_id, at, action, version, previous, reason
      from ops.model_events where number is null order by at, version, action = 'register' desc`,
    append: async (events) => {
      await tx`
        insert into ops.model_events
          (event_id, at, action, version, previous, reason, number, aliases)
        select event_id, at, action, version, previous, reason, number, aliases
        from jsonb_populate_recordset(null::ops.model_events, ${tx.json(events as never)})
        on conflict (event_id) do update
          set number = excluded.number, aliases = excluded.aliases
          where model_events.number is null`;
    },
  };
}
