import { formatInstant, type EpochMicros } from '../../packages/instants/epoch-micros';
import { perTable } from '../../packages/raw-data/raw-tables';
import type { Application } from '../../packages/application/application';

interface RecordedLoad {
  readonly batch: number;
  readonly completeThrough: EpochMicros;
  readonly loaded?: Readonly<Record<string, number>>;
}

const none = perTable(() => 0);

/**
 * Makes rows that are there already a batch, as the load of it would have.
 *
 * @returns When it was committed, in epoch microseconds.
 */
export async function recordLoad(
  { adapters }: Application,
  { batch, completeThrough, loaded = none }: RecordedLoad,
): Promise<string> {
  const { sql } = adapters.database;
  const [load] = await sql<{ committed: string }[]>`
    insert into ops.load_batches
      (batch, source, arrival, committed_at, complete_through, loaded, unchanged, rejected)
    values (${batch}, 'import', 'carried', clock_timestamp(),
      ${formatInstant(completeThrough)}::text::timestamptz, ${JSON.stringify(loaded)}::text::jsonb,
      ${JSON.stringify(none)}::text::jsonb, ${JSON.stringify(none)}::text::jsonb)
    returning (extract(epoch from committed_at) * 1000000)::bigint::text as committed`;
  return load!.committed;
}
