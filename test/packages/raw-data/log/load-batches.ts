import { rawTableNames, type RawTable } from '../../../../packages/raw-data/raw-tables';
import type { Files, RawDataFixture } from '../raw-data-fixture';

/** The rows of CSV texts with the same header under it once. */
const joinFiles = (files: readonly string[]) =>
  files.map((text, index) => (index === 0 ? text : text.slice(text.indexOf('\n') + 1))).join('');

/** The first cells of a CSV text's rows. */
const idsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.slice(0, row.indexOf(',')));

/**
 * Makes each of the files a batch, in a fraction of the time that loading them one after the other
 * takes: they are loaded at once, and their rows are then divided among batches. All have the same
 * tables, but for attributes.
 */
export async function loadBatches(fixture: RawDataFixture, loads: readonly Files[]): Promise<void> {
  const tables = rawTableNames.filter((table) => loads.some((load) => load[table] !== undefined));
  const textsOf = (table: RawTable) => loads.flatMap((load) => load[table] ?? []);
  const joined = tables.map((table) => [table, joinFiles(textsOf(table))]);
  const { batch: first } = await fixture.load(Object.fromEntries(joined) as Files);
  const { sql } = fixture.database;
  for (const table of tables) {
    const rows = loads.flatMap((load, index) =>
      idsOf(load[table] ?? '').map((id) => ({ id, batch: (first ?? 0) + index })),
    );
    const [id] = textsOf(table)[0]!.split(',');
    await sql`
      UPDATE ${sql(`raw_data.${table}`)} AS t SET batch = divided.batch
      FROM jsonb_to_recordset(${sql.json(rows)}) AS divided (id text, batch integer)
      WHERE t.${sql(id!)} = divided.id`;
  }
  await sql`
    INSERT INTO ops.load_batches
    SELECT (jsonb_populate_record(load, jsonb_build_object('batch', load.batch + n,
      'committed_at', load.committed_at + n * interval '1 microsecond'))).*
    FROM ops.load_batches AS load, generate_series(1, ${loads.length - 1}::integer) AS n
    WHERE load.batch = ${first}`;
  await sql`
    UPDATE ops.load_batches AS load SET loaded = loaded || jsonb_build_object('user_attributes',
      (SELECT count(*) FROM raw_data.user_attributes AS given WHERE given.batch = load.batch))`;
}
