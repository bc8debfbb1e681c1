import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { copyToParquet, openDuckDb, readParquet } from '../../../../packages/duckdb/open-duckdb';
import { readSegments } from '../../../../packages/features/segments';
import { parseInstant } from '../../../../packages/instants/epoch-micros';
import { auditRawLog } from '../../../../packages/raw-data/log/audit-raw-log';
import { exportRawTables } from '../../../../packages/raw-data/log/export-raw-tables';
import { syncRawLog } from '../../../../packages/raw-data/log/raw-log';
import { mayHaveAttributes, rawTableNames } from '../../../../packages/raw-data/raw-tables';
import type { OpenDuckDb } from '../../../../packages/raw-data/scratch';
import { idsOfAllShapes } from '../../../environment/ids';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  PLAN_CHANGES,
  rowsOf,
  USER_EVENTS,
  USERS,
  type Files,
  type RawDataFixture,
} from '../raw-data-fixture';
import { catalogueMessage } from '../../../support/catalogue-message';

let fixture: RawDataFixture;
let rawLogDir: string;
beforeAll(async () => {
  fixture = await createRawDataFixture();
  rawLogDir = path.join(fixture.folder, 'raw_log');
});
beforeEach(async () => {
  await fixture.reset();
  for (const name of readdirSync(fixture.folder)) {
    rmSync(path.join(fixture.folder, name), { recursive: true });
  }
});
afterAll(() => fixture.remove());

const first: Files = {
  users: csv(
    `${USERS},country`,
    'b,2025-01-01,free,',
    '"a, ""é""",2025-01-02T00:00:00.000001Z,pro,NL',
  ),
  plan_changes: csv(PLAN_CHANGES, 'c1,b,pro,2025-01-05'),
  user_events: csv(
    USER_EVENTS,
    'e3,b,s1,login,2025-02-01T00:00:00.000002Z',
    'e1,b,s1,login,2025-02-01T00:00:00.000001Z',
    'e2,"a, ""é""",s2,"log,in",2025-01-09',
  ),
  billing_events: csv(BILLING_EVENTS, 'b1,b,charge_succeeded,29.33,2025-02-01'),
};
const second: Files = { users: csv(USERS, 'c,2025-01-03,free') };
const allRowsCount = 2 + 1 + 3 + 1;

const sync = () => syncRawLog({ ...fixture, rawLogDir });
const audit = () => auditRawLog({ ...fixture, rawLogDir });
const hashes = () =>
  readdirSync(rawLogDir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(path.join(rawLogDir, name)))
          .digest('hex')}`,
    );

async function query(sql: string) {
  const duckDb = await fixture.openDuckDb([fixture.folder]);
  try {
    return await duckDb.rows(sql);
  } finally {
    duckDb.close();
  }
}

describe('the raw log', () => {
  it('has one segment per batch and table, empty ones too', async () => {
    await fixture.load(first);
    await fixture.load(second);
    const log = await sync();
    expect(log.lastBatch).toBe(2);
    for (const table of rawTableNames.filter(mayHaveAttributes)) {
      expect(log.segments(table, 2)).toEqual(
        [1, 2].map((batch) => ({
          file: path.join(rawLogDir, `batch=00000${batch}`, `${table}.parquet`),
          firstBatch: batch,
          lastBatch: batch,
        })),
      );
    }
    expect(log.segments('users', 1)).toHaveLength(1);
    expect(log.segments('users', 0)).toEqual([]);
    expect(() => log.segments('users', 3)).toThrow(catalogueMessage('LOADS_MISSING', { batch: 3 }));
  });

  it('has the columns of the tables, sorted by user, time and id, to the microsecond', async () => {
    await fixture.load(first);
    const log = await sync();
    const rows = await query(`
      SELECT event_id, user_id, epoch_us(event_time) % 1000 AS micros, epoch_us(ingested_at) = epoch_us(event_time) AS assumed, batch
      FROM ${readSegments(log.segments('user_events', 1))}`);
    expect(rows).toEqual([
      { event_id: 'e2', user_id: 'a, "é"', micros: 0n, assumed: true, batch: 1 },
      { event_id: 'e1', user_id: 'b', micros: 1n, assumed: true, batch: 1 },
      { event_id: 'e3', user_id: 'b', micros: 2n, assumed: true, batch: 1 },
    ]);
    const types = await query(`
      SELECT string_agg(column_name || ' ' || column_type, ', ') AS types
      FROM (DESCRIBE SELECT * FROM ${readSegments(log.segments('billing_events', 1))})`);
    expect(types[0]?.types).toBe(
      'event_id VARCHAR, user_id VARCHAR, event_type VARCHAR, amount_cents BIGINT, currency VARCHAR, ' +
        'event_time TIMESTAMP WITH TIME ZONE, ingested_at TIMESTAMP WITH TIME ZONE, batch INTEGER, properties VARCHAR',
    );
  });

  it('mirrors a batch that brought no rows, only a later completeness', async () => {
    await fixture.load(first);
    await fixture.load(first, { completeThrough: parseInstant('2025-06-01') });
    const log = await sync();
    expect(log.lastBatch).toBe(2);
    const rows = `SELECT count(*) AS rows FROM ${readSegments(log.segments('user_events', 2).slice(1))}`;
    expect(await query(rows)).toEqual([{ rows: 0n }]);
    expect(await audit()).toMatchObject({ equal: allRowsCount, missing: 0, extra: 0 });
  });

  it('is empty before any load', async () => {
    const log = await sync();
    expect(log.lastBatch).toBe(0);
    expect(log.segments('users', 0)).toEqual([]);
  });

  it('has the same bytes when it is made again', async () => {
    await fixture.load(first);
    await fixture.load(second);
    await sync();
    const before = hashes();
    rmSync(rawLogDir, { recursive: true });
    await sync();
    expect(hashes()).toEqual(before);
  });

  it('does not touch what is mirrored', async () => {
    await fixture.load(first);
    await sync();
    const before = hashes();
    await fixture.load(second);
    await sync();
    expect(hashes().slice(0, 4)).toEqual(before);
  });

  it('mends a batch that is gone and removes what a killed call left', async () => {
    await fixture.load(first);
    await fixture.load(second);
    await sync();
    const before = hashes();
    rmSync(path.join(rawLogDir, 'batch=000001'), { recursive: true });
    mkdirSync(path.join(rawLogDir, '.left-over.tmp'));
    writeFileSync(path.join(rawLogDir, '.left-over.tmp', 'users.parquet'), 'half');
    await sync();
    expect(hashes()).toEqual(before);
    expect(readdirSync(rawLogDir).sort()).toEqual([
      '_installation',
      'batch=000001',
      'batch=000002',
    ]);
  });

  it('mirrors a batch anew where Postgres was put back from a backup and has another of that number', async () => {
    await fixture.load(first);
    await sync();
    const { sql } = fixture.database;
    await sql`truncate raw_data.users, raw_data.plan_changes, raw_data.user_events,
      raw_data.billing_events, ops.load_batches cascade`;
    await fixture.load(second);
    await sync();
    expect(await audit()).toMatchObject({ equal: 1, missing: 0, extra: 0, mismatched: 0 });
  });

  it('is whole after two calls side by side', async () => {
    await fixture.load(first);
    await fixture.load(second);
    await Promise.all([sync(), sync(), sync()]);
    const none = { missing: 0, extra: 0, mismatched: 0 };
    expect(await audit()).toMatchObject({ equal: allRowsCount + 1, ...none });
  });

  it('refuses a folder that mirrors another installation', async () => {
    await fixture.load(first);
    await sync();
    await fixture.reset();
    await fixture.load(second);
    await expect(sync()).rejects.toMatchObject({ code: 'INSTALLATION_MISMATCH' });
  });
});

describe('its audit', () => {
  beforeEach(async () => {
    await fixture.load(first);
    await sync();
  });
  const equal = { equal: allRowsCount, missing: 0, extra: 0, mismatched: 0, not_comparable: 0 };

  it('finds it equal', async () => {
    expect(await audit()).toEqual({ ...equal, examples: [] });
  });

  it.each([
    [
      'a value that changed',
      `UPDATE raw_data.billing_events SET amount_cents = 1`,
      { equal: 6, mismatched: 1, examples: ['mismatched in batch 1: 1 row of billing_events'] },
    ],
    [
      'a null that became a value',
      `UPDATE raw_data.users SET country = 'NL' WHERE country IS NULL`,
      { equal: 6, mismatched: 1, examples: ['mismatched in batch 1: 1 row of users'] },
    ],
    [
      'a microsecond',
      `UPDATE raw_data.user_events SET event_time = event_time + interval '1 microsecond'`,
      { equal: 4, mismatched: 3, examples: ['mismatched in batch 1: 3 rows of user_events'] },
    ],
    [
      'an arrival',
      `UPDATE raw_data.plan_changes SET ingested_at = now()`,
      { equal: 6, mismatched: 1, examples: ['mismatched in batch 1: 1 row of plan_changes'] },
    ],
    [
      'a row that is gone from Postgres',
      `DELETE FROM raw_data.plan_changes`,
      { equal: 6, extra: 1, examples: ['extra in batch 1: 1 row of plan_changes'] },
    ],
    [
      'a row that is new in Postgres',
      `INSERT INTO raw_data.plan_changes VALUES ('c9', 'b', 'pro', now(), now(), 1)`,
      { missing: 1, examples: ['missing in batch 1: 1 row of plan_changes'] },
    ],
  ])('finds %s', async (_what, sql, expected) => {
    await fixture.database.sql.unsafe(sql);
    expect(await audit()).toEqual({ ...equal, ...expected });
  });

  it('finds rows of a batch that is not mirrored', async () => {
    await fixture.load(second);
    const examples = ['missing in batch 2: 1 row of users'];
    expect(await audit()).toEqual({ ...equal, missing: 1, examples });
  });

  it('finds a segment that is gone or torn', async () => {
    rmSync(path.join(rawLogDir, 'batch=000001', 'users.parquet'));
    truncateSync(path.join(rawLogDir, 'batch=000001', 'user_events.parquet'), 200);
    expect(await audit()).toEqual({
      ...equal,
      equal: 2,
      missing: 5,
      examples: [
        'missing raw_log/batch=000001/users.parquet (batch 1)',
        expect.stringMatching(
          /^damaged raw_log\/batch=000001\/user_events.parquet \(batch 1\): it /,
        ),
        'missing in batch 1: 2 rows of users',
        'missing in batch 1: 3 rows of user_events',
      ],
    });
  });

  it('finds a segment with a column too many, or of another type', async () => {
    const file = path.join(rawLogDir, 'batch=000001', 'users.parquet');
    for (const columns of ['*, 1 AS more', '* REPLACE (batch::BIGINT AS batch)']) {
      const other = path.join(fixture.folder, 'other.parquet');
      await query(`COPY (SELECT ${columns} FROM ${readParquet([file])}) TO '${other}'`);
      rmSync(file);
      cpSync(other, file);
      expect(await audit()).toMatchObject({ ...equal, equal: allRowsCount - 2, missing: 2 });
    }
  });

  it('finds rows filed twice, or under another batch', async () => {
    cpSync(path.join(rawLogDir, 'batch=000001'), path.join(rawLogDir, 'batch=000002'), {
      recursive: true,
    });
    expect(await audit()).toMatchObject({ ...equal, extra: allRowsCount });
    rmSync(path.join(rawLogDir, 'batch=000001'), { recursive: true });
    expect(await audit()).toMatchObject({ ...equal, equal: 0, mismatched: allRowsCount });
  });
});

describe('its audit of many batches', () => {
  const BATCHES = 150;

  /** The log of a load as that of many: its events are filed, and known to Postgres, by turns. */
  async function spreadEvents(): Promise<void> {
    await fixture.database.sql`
      UPDATE raw_data.user_events SET batch = 1 + split_part(event_id, '-', 1)::integer % ${BATCHES}`;
    const whole = path.join(rawLogDir, 'batch=000001', 'user_events.parquet');
    const duckDb = await fixture.openDuckDb([fixture.folder]);
    await duckDb.run(`CREATE TEMP TABLE events AS
      SELECT * REPLACE (1 + split_part(event_id, '-', 1)::INTEGER % ${BATCHES} AS batch)
      FROM ${readParquet([whole])}`);
    for (let batch = 1; batch <= BATCHES; batch += 1) {
      const folder = path.join(rawLogDir, `batch=${String(batch).padStart(6, '0')}`);
      mkdirSync(folder, { recursive: true });
      const rows = `SELECT * FROM events WHERE batch = ${batch}`;
      await duckDb.run(copyToParquet(rows, path.join(folder, 'user_events.parquet'), 'log'));
    }
    duckDb.close();
  }

  it('takes no more memory for each, however long the ids', async () => {
    const users = idsOfAllShapes(50);
    const quoted = users.map((id) => `"${id.replaceAll('"', '""')}"`);
    const rows = Array.from({ length: 6_000 }, (_, index) => {
      const id = `${index}-${'e'.repeat(120)}`;
      return `${id},${quoted[index % users.length]},s${index},login,2025-02-01`;
    });
    await fixture.load({
      users: csv(USERS, ...quoted.map((id) => `${id},2025-01-01,free`)),
      user_events: csv(USER_EVENTS, ...rows),
    });
    await sync();
    await spreadEvents();
    const openSmallDuckDb: OpenDuckDb = (directories) =>
      openDuckDb({
        allowedDirectories: directories,
        scratchDirectory: directories.at(-1)!,
        memoryMegabytes: 64,
        threads: 2,
      });
    const report = await auditRawLog({ ...fixture, rawLogDir, openDuckDb: openSmallDuckDb });
    expect(report).toMatchObject({ equal: users.length + rows.length, missing: 0, extra: 0 });
  });
});

describe('an export', () => {
  const exportTo = (name: string, format: 'csv' | 'parquet') =>
    exportRawTables({ ...fixture, folder: path.join(fixture.folder, name), format });
  const everything = async () =>
    Promise.all(rawTableNames.map((table) => rowsOf(fixture.database, table)));

  it.each(['csv', 'parquet'] as const)(
    'as %s gives the same rows, and the same segments, when imported again',
    async (format) => {
      const user_attributes = csv('user_id,name,value,event_time', 'b,"a, b","x""y",2025-03-01');
      await fixture.load({ ...first, user_attributes }, { arrival: 'now', now: undefined });
      await sync();
      const [rows, bytes] = [await everything(), hashes()];
      const counts = { users: 2, plan_changes: 1, user_events: 3, billing_events: 1 };
      expect(await exportTo('out/export', format)).toEqual({ ...counts, user_attributes: 1 });
      await fixture.reset();
      rmSync(rawLogDir, { recursive: true });
      const report = await fixture.load(
        {},
        { folder: path.join(fixture.folder, 'out/export'), now: undefined },
      );
      expect(report).toMatchObject({
        batch: 1,
        ignored_columns: { users: [], billing_events: [] },
      });
      await sync();
      expect(await everything()).toEqual(rows);
      expect(hashes()).toEqual(bytes);
    },
  );

  it('writes instants with six digits and Z', async () => {
    await fixture.load(first);
    await exportTo('export', 'csv');
    expect(readFileSync(path.join(fixture.folder, 'export', 'users.csv'), 'utf8')).toBe(
      csv(
        'user_id,signup_time,plan,country,ingested_at',
        '"a, ""é""",2025-01-02T00:00:00.000001Z,pro,NL,2025-01-02T00:00:00.000001Z',
        'b,2025-01-01T00:00:00.000000Z,free,,2025-01-01T00:00:00.000000Z',
      ),
    );
  });

  it('refuses a folder that holds something, and leaves it alone', async () => {
    const folder = fixture.write(second, 'full');
    await expect(exportTo('full', 'csv')).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect(readdirSync(folder)).toEqual(['users.csv']);
    expect(readdirSync(fixture.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
