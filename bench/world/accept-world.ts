import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatInstant, MICROS_PER_DAY } from '../../packages/instants/epoch-micros';
import { midnightOf } from '../../packages/instants/logical-date';
import type { PerTable } from '../../packages/raw-data/raw-tables';
import type { Application } from '../../packages/application/application';
import { writeBenchWorld, type BenchWorld } from './write-bench-world';

/** A batch's folder in the raw log. */
export function batchFolder({ adapters }: Application, batch: number): string {
  return path.join(adapters.paths.rawLog, `batch=${String(batch).padStart(6, '0')}`);
}

/**
 * Makes a world batch 1 of an empty installation: its segments in the raw log, and in Postgres the
 * rows by which the platform knows the batch. The tables of raw_data stay empty: vectors are
 * computed from the raw log alone, and 20 million rows in Postgres would change nothing that is
 * measured. What loads into such an installation has to fill them first (`fillRawTables`).
 */
export async function acceptWorld(
  application: Application,
  world: BenchWorld,
): Promise<PerTable<number>> {
  const { adapters } = application;
  const { id } = await adapters.installation();
  const rows = await writeBenchWorld(world, {
    folder: batchFolder(application, 1),
    scratch: adapters.paths.scratch,
  });
  await writeFile(path.join(adapters.paths.rawLog, '_installation'), `${id}\n`);
  const end = midnightOf(world.start) + BigInt(world.days) * MICROS_PER_DAY;
  const none = JSON.stringify({ users: 0, plan_changes: 0, user_events: 0, billing_events: 0 });
  const { sql } = adapters.database;
  await sql`update ops.installation set source = 'import'`;
  const [load] = await sql<{ committed: string }[]>`
    insert into ops.load_batches
      (batch, source, arrival, committed_at, complete_through, loaded, unchanged, rejected)
    values (1, 'import', 'carried', clock_timestamp(), ${formatInstant(end)}::text::timestamptz,
      ${JSON.stringify(rows)}::text::jsonb, ${none}::text::jsonb, ${none}::text::jsonb)
    returning (extract(epoch from committed_at) * 1000000)::bigint::text as committed`;
  await writeFile(path.join(batchFolder(application, 1), '_load'), load!.committed);
  return rows;
}
