import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createTestDatabase } from '../../environment/test-database';

it('keeps rejected rows of the release before, with the table that their file was of', async () => {
  const database = await createTestDatabase();
  const { sql } = database;
  try {
    await sql.unsafe(`
      ALTER TABLE ops.load_batches DROP COLUMN warnings;
      ALTER TABLE raw_data.rejected_rows DROP COLUMN table_name, DROP COLUMN line,
        DROP COLUMN "values", DROP COLUMN resolved_batch;
      INSERT INTO ops.load_batches
        (batch, source, arrival, committed_at, loaded, unchanged, rejected)
      VALUES (1, 'import', 'assumed', now(), '{}', '{}', '{}');
      INSERT INTO raw_data.rejected_rows (batch, source, "row", reason)
      VALUES (1, 'users.csv', 1, 'invalid_id'), (1, 'user_events.parquet', 7, 'unknown_user')`);
    const migration = path.resolve('packages/database/migrations/0003_rejected_values.sql');
    await sql.unsafe(readFileSync(migration, 'utf8').replaceAll('--> statement-breakpoint', ''));
    const rows = await sql`
      SELECT source, table_name, line, "values", resolved_batch FROM raw_data.rejected_rows
      ORDER BY table_name DESC`;
    const unknown = { line: null, values: null, resolved_batch: null };
    expect([...rows]).toEqual([
      { source: 'users.csv', table_name: 'users', ...unknown },
      { source: 'user_events.parquet', table_name: 'user_events', ...unknown },
    ]);
  } finally {
    await database.drop();
  }
});
