import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { MICROS_PER_DAY } from '../../packages/instants/epoch-micros';
import { midnightOf } from '../../packages/instants/logical-date';
import type { PerTable } from '../../packages/raw-data/raw-tables';
import type { Application } from '../../packages/application/application';
import { recordLoad } from './record-load';
import { writeBenchWorld, type BenchWorld } from './write-bench-world';

/** A batch's folder in the raw log. */
export function batchFolder({ adapters }: Application, batch: number): string {
  return path.join(adapters.paths.rawLog, `batch=${String(batch).padStart(6, '0')}`);
}

/** The files of a world as it was written: those of the raw log are merged by and by. */
export function worldFolder({ adapters }: Application): string {
  return path.join(adapters.paths.root, 'bench-world');
}

/** Has the raw log cut a world by time, as the first job after its load does. */
export async function mergeWorld({ adapters }: Application): Promise<void> {
  await adapters.rawLog();
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
    folder: worldFolder(application),
    scratch: adapters.paths.scratch,
  });
  await cp(worldFolder(application), batchFolder(application, 1), { recursive: true });
  await writeFile(path.join(adapters.paths.rawLog, '_installation'), `${id}\n`);
  const end = midnightOf(world.start) + BigInt(world.days) * MICROS_PER_DAY;
  await adapters.database.sql`update ops.installation set source = 'import'`;
  const load = { batch: 1, completeThrough: end, loaded: rows };
  const committed = await recordLoad(application, load);
  await writeFile(path.join(batchFolder(application, 1), '_load'), committed);
  return rows;
}
