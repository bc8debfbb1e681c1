import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { readSegments } from '../../../../packages/features/segments';
import { ChurnError } from '../../../../packages/contracts/errors';
import { auditRawLog } from '../../../../packages/raw-data/log/audit-raw-log';
import { repairRawLog } from '../../../../packages/raw-data/log/repair-raw-log';
import { MANIFEST_FILE, mergedFolder } from '../../../../packages/raw-data/log/log-manifest';
import { syncRawLog, withRawLog, type RawLog } from '../../../../packages/raw-data/log/raw-log';
import { rawTableNames, type RawTable } from '../../../../packages/raw-data/raw-tables';
import type { OpenDuckDb } from '../../../../packages/raw-data/scratch';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  PLAN_CHANGES,
  USER_ATTRIBUTES,
  USER_EVENTS,
  USERS,
  type Files,
  type RawDataFixture,
} from '../raw-data-fixture';
import { loadBatches } from './load-batches';

/** One more than two merges take. */
const LOADS = 33;

/** A load a week: a user, and what happened to all users so far. */
function weekOf(load: number): Required<Files> {
  const day = new Date(Date.UTC(2025, 0, 1 + 7 * load)).toISOString().slice(0, 10);
  const users = Array.from({ length: load + 1 }, (_, index) => `u${index}`);
  return {
    users: csv(USERS, `u${load},${day},free`),
    plan_changes: csv(PLAN_CHANGES, `c${load},u0,pro,${day}`),
    user_events: csv(
      USER_EVENTS,
      ...users.flatMap((user) => [
        `e${load}-${user},${user},s${load},login,${day}T01:00:00.000001Z`,
        `f${load}-${user},${user},s${load},view,${day}T02:00:00Z`,
      ]),
    ),
    billing_events: csv(BILLING_EVENTS, `b${load},u${load},charge_succeeded,9.50,${day}`),
    user_attributes: csv(
      USER_ATTRIBUTES,
      `a${load},u0,size,${load},${day}`,
      `r${load},u${load},region,${load % 2},${day}`,
    ),
  };
}

let fixture: RawDataFixture;
let rawLogDir: string;
/** Copies of the log: with a folder for each of the last fifteen of 31 loads, and with all loads. */
let beforeMerge: string;
let pristine: string;

beforeAll(async () => {
  fixture = await createRawDataFixture();
  rawLogDir = path.join(fixture.folder, 'raw_log');
  beforeMerge = path.join(fixture.folder, 'before-merge');
  pristine = path.join(fixture.folder, 'pristine');
  const weeks = Array.from({ length: LOADS }, (_, load) => weekOf(load));
  let loaded = 0;
  for (const through of [8, 16, 24, 31, 32, 33]) {
    await loadBatches(fixture, weeks.slice(loaded, through));
    await sync();
    loaded = through;
    if (through === 31) cpSync(rawLogDir, beforeMerge, { recursive: true });
  }
  cpSync(rawLogDir, pristine, { recursive: true });
});
afterAll(() => fixture.remove());

const startFrom = (copy: string) => {
  rmSync(rawLogDir, { recursive: true, force: true });
  cpSync(copy, rawLogDir, { recursive: true, preserveTimestamps: true });
};
beforeEach(() => startFrom(pristine));

const options = (openDuckDb: OpenDuckDb = fixture.openDuckDb) => ({
  ...fixture,
  rawLogDir,
  openDuckDb,
});
const sync = () => syncRawLog(options());
const audit = () => auditRawLog(options());

async function rowCount(): Promise<number> {
  const { sql } = fixture.database;
  const counts = await Promise.all(
    rawTableNames.map((table) => sql`SELECT FROM ${sql(`raw_data.${table}`)}`),
  );
  return counts.reduce((sum, { length }) => sum + length, 0);
}

async function expectClean(): Promise<void> {
  const equal = await rowCount();
  const none = { missing: 0, extra: 0, mismatched: 0, not_comparable: 0, examples: [] };
  expect(await audit()).toEqual({ equal, ...none });
}

async function query<T extends object>(sql: string): Promise<T[]> {
  const duckDb = await fixture.openDuckDb([fixture.folder]);
  try {
    return await duckDb.rows<T>(sql);
  } finally {
    duckDb.close();
  }
}

const namesIn = (folder: string) => readdirSync(folder).sort();
const mergedNames = () => namesIn(mergedFolder(rawLogDir));
const mergedFile = (table: RawTable) =>
  path.join(
    mergedFolder(rawLogDir),
    mergedNames().find((name) => name.startsWith(table))!,
  );

/** All rows of batches up to one, as texts in order. */
async function rowsOf(log: RawLog, table: RawTable, through: number): Promise<string[]> {
  const rows = await query<{ row: string }>(
    `SELECT CAST(r AS VARCHAR) AS row FROM ${readSegments(log.segments(table, through))} AS r
    WHERE batch <= ${through} ORDER BY 1`,
  );
  return rows.map(({ row }) => row);
}

describe('a merged raw log', () => {
  it('has a folder for the batches after the last merge only', async () => {
    expect(namesIn(rawLogDir)).toEqual(['_installation', 'batch=000033', 'merged']);
    expect(mergedNames().filter((name) => name !== MANIFEST_FILE).length).toBeLessThan(9);
    await expectClean();
  });

  it('says of each segment what is in it, its latest rows first', async () => {
    const log = await sync();
    for (const table of rawTableNames) {
      const time = table === 'users' ? 'signup_time' : 'event_time';
      const kinds = { user_events: ', event_type', billing_events: ', event_type' };
      const kind = { ...kinds, user_attributes: ', name', users: '', plan_changes: '' }[table];
      const keys = `user_id${kind}`;
      for (const segment of log.segments(table, LOADS)) {
        if (!segment.statistics) continue;
        const rows = `FROM read_parquet('${segment.file}', file_row_number = true)`;
        const [found] = await query(`SELECT count(*)::INTEGER AS rows,
            epoch_us(min(${time})) AS "firstTime", epoch_us(max(${time})) AS "lastTime",
            epoch_us(max(ingested_at)) AS "lastArrival" ${rows}`);
        const { latestRows, ...others } = segment.statistics;
        expect(others).toEqual(found);
        const latest = await query<{ n: bigint }>(`SELECT file_row_number AS n ${rows}
          QUALIFY ${time} = max(${time}) OVER (PARTITION BY ${keys}) ORDER BY n`);
        expect(latest.map(({ n }) => Number(n))).toEqual([...Array(latestRows).keys()]);
        const [batches] = await query(
          `SELECT min(batch) AS "firstBatch", max(batch) AS "lastBatch" ${rows}`,
        );
        expect(batches).toEqual({ firstBatch: segment.firstBatch, lastBatch: segment.lastBatch });
      }
    }
  });

  it('has the rows of an unmerged one, at any batch', async () => {
    const log = await sync();
    const merged = new Map<string, string[]>();
    for (const table of rawTableNames) {
      for (const through of [3, 8, 9, LOADS]) {
        merged.set(`${table} ${through}`, await rowsOf(log, table, through));
      }
    }
    for (const [key, rows] of merged) {
      const [table, through] = key.split(' ') as [RawTable, string];
      const [count] = await fixture.database.sql<{ n: number }[]>`
        SELECT count(*)::int AS n FROM ${fixture.database.sql(`raw_data.${table}`)}
        WHERE batch <= ${Number(through)}`;
      expect(rows).toHaveLength(count!.n);
    }
    // Of a log that is made anew, two runs or one, it is the same.
    rmSync(rawLogDir, { recursive: true });
    const again = await sync();
    for (const [key, rows] of merged) {
      const [table, through] = key.split(' ') as [RawTable, string];
      expect(await rowsOf(again, table, Number(through))).toEqual(rows);
    }
    expect(again.contentKey(9)).toBe(log.contentKey(9));
    expect(again.contentKey(9)).not.toBe(log.contentKey(8));
  });

  it('changes nothing where nothing is due', async () => {
    const state = () =>
      (readdirSync(rawLogDir, { recursive: true }) as string[])
        .sort()
        .map((name) => `${name} ${statSync(path.join(rawLogDir, name)).mtimeMs}`);
    const before = state();
    await sync();
    expect(state()).toEqual(before);
  });

  it('stays as it is where memory is too short to merge, and is merged later', async () => {
    startFrom(beforeMerge);
    const short: OpenDuckDb = async (directories) => {
      const duckDb = await fixture.openDuckDb(directories);
      const run: typeof duckDb.run = (sql, signal) =>
        sql.includes('cut_rows AS')
          ? Promise.reject(
              new ChurnError('DUCKDB_OUT_OF_MEMORY', { memoryMegabytes: 1, threads: 1 }),
            )
          : duckDb.run(sql, signal);
      return { ...duckDb, run };
    };
    await syncRawLog(options(short));
    expect(namesIn(rawLogDir)).toContain('batch=000017');
    await expectClean();
    await sync();
    expect(namesIn(rawLogDir)).not.toContain('batch=000017');
    await expectClean();
  });
});

describe('readers', () => {
  it('keep the segments that they began with, whatever others merge and remove meanwhile', async () => {
    await withRawLog(options(), async (log) => {
      const rows = await rowsOf(log, 'user_events', LOADS);
      const names = mergedNames();
      // All is made again, in other files, and what the reader began with is removed.
      rmSync(path.join(mergedFolder(rawLogDir), MANIFEST_FILE));
      rmSync(path.join(rawLogDir, 'batch=000033'), { recursive: true });
      await sync();
      expect(mergedNames()).not.toEqual(names);
      expect(await rowsOf(log, 'user_events', LOADS)).toEqual(rows);
    });
    expect(namesIn(path.join(rawLogDir, '.readers'))).toEqual([]);
  });

  it('leave nothing when their work fails', async () => {
    const failing = withRawLog(options(), () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(namesIn(path.join(rawLogDir, '.readers'))).toEqual([]);
  });
});

describe('what is lost or damaged is made again from Postgres:', () => {
  let warned: jest.SpyInstance;
  beforeEach(() => {
    warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });
  afterEach(() => warned.mockRestore());
  const warnings = () => warned.mock.calls.map(([text]) => String(text));

  const lost: [what: string, harm: () => void, warning: string][] = [
    [
      'a merged file',
      () => rmSync(mergedFile('user_events')),
      'a merged file of user_events, batches 1 to 32, is gone or has another size',
    ],
    [
      'the rest of a merged file',
      () => truncateSync(mergedFile('users'), 99),
      'a merged file of users',
    ],
    ['the manifest', () => rmSync(path.join(mergedFolder(rawLogDir), MANIFEST_FILE)), ''],
    [
      'what the manifest says',
      () => writeFileSync(path.join(mergedFolder(rawLogDir), MANIFEST_FILE), '{"format'),
      "merged/_manifest.json can't be read (SyntaxError)",
    ],
    [
      'a manifest of another version',
      () =>
        writeFileSync(path.join(mergedFolder(rawLogDir), MANIFEST_FILE), '{"format_version":99}'),
      'merged/_manifest.json has format_version 99',
    ],
    ['all that is merged', () => rmSync(mergedFolder(rawLogDir), { recursive: true }), ''],
    [
      'a file of a batch that is not merged',
      () => rmSync(path.join(rawLogDir, 'batch=000033', 'users.parquet')),
      'batch=000033 is not whole',
    ],
    ['everything', () => rmSync(rawLogDir, { recursive: true }), ''],
  ];
  it.each(lost)('%s', async (_what, harm, warning) => {
    const before = await sync();
    const rows = await rowsOf(before, 'user_events', LOADS);
    harm();
    expect(await audit()).not.toMatchObject({ missing: 0 });
    expect(await rowsOf(await sync(), 'user_events', LOADS)).toEqual(rows);
    expect(warnings().join()).toContain(warning);
    await expectClean();
  });

  it('a merged file that has other rows than it is named by, where a merge meets it', async () => {
    startFrom(beforeMerge);
    const file = mergedFile('user_events');
    const { size } = statSync(file);
    cpSync(path.join(rawLogDir, 'batch=000020', 'user_events.parquet'), file);
    const manifest = path.join(mergedFolder(rawLogDir), MANIFEST_FILE);
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace(`"bytes":${size}`, `"bytes":${statSync(file).size}`));
    await sync();
    expect(warnings()).toEqual([
      expect.stringContaining(`the bytes of merged/${path.basename(file)} have changed`),
    ]);
    await expectClean();
  });

  it('a merged file with other bytes, by a repair that names it', async () => {
    const file = mergedFile('user_events');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0, 4, bytes.length - 8));
    await sync();
    expect(await audit()).not.toMatchObject({ missing: 0 });
    const { found } = await repairRawLog(options());
    const name = `damaged raw_log/merged/${path.basename(file)} (batches 1 to 32)`;
    expect(found[0]).toContain(name);
    await expectClean();
  });

  it('a manifest that is garbage, by a repair that names it', async () => {
    writeFileSync(path.join(mergedFolder(rawLogDir), MANIFEST_FILE), '\u0001');
    const problem = "damaged raw_log/merged/_manifest.json: it can't be read (SyntaxError)";
    expect((await audit()).examples[0]).toBe(problem);
    expect((await repairRawLog(options())).found[0]).toBe(problem);
    await expectClean();
  });

  it('a damaged batch, where a merge meets it', async () => {
    startFrom(beforeMerge);
    const file = path.join(rawLogDir, 'batch=000020', 'user_events.parquet');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0, 4, bytes.length - 8));
    await sync();
    expect(existsSync(file)).toBe(false);
    expect(warnings()).toEqual([
      expect.stringContaining("batches 1 to 33 of user_events can't be read (CORRUPT_FILE)"),
    ]);
    await expectClean();
  });
});

describe('a database put back from a backup', () => {
  const tables = [...rawTableNames.map((table) => `raw_data.${table}`), 'ops.load_batches'];
  const saved = (table: string) => `saved_${table.replace('.', '_')}`;
  beforeEach(async () => {
    for (const table of tables) {
      await fixture.database.sql.unsafe(`CREATE TABLE ${saved(table)} AS TABLE ${table}`);
    }
  });
  afterEach(async () => {
    const { sql } = fixture.database;
    await sql.unsafe(`TRUNCATE ${tables.join(', ')} CASCADE`);
    for (const table of tables) {
      await sql.unsafe(`INSERT INTO ${table} SELECT * FROM ${saved(table)}`);
      await sql.unsafe(`DROP TABLE ${saved(table)}`);
    }
  });

  it('has its own rows mirrored, and none of the loads that it lacks', async () => {
    const { sql } = fixture.database;
    for (const table of [...tables].reverse()) {
      await sql.unsafe(`DELETE FROM ${table} WHERE batch > 12`);
    }
    expect((await sync()).lastBatch).toBe(12);
    await expectClean();
    // Other loads of the numbers that the backup lacks.
    for (let load = 40; load < 43; load += 1) await fixture.load(weekOf(load));
    expect((await sync()).lastBatch).toBe(15);
    await expectClean();
  });

  it('without any load leaves the log alone: nothing says whose it is', async () => {
    const { sql } = fixture.database;
    for (const table of [...tables].reverse()) await sql.unsafe(`DELETE FROM ${table}`);
    await sql`CREATE TABLE saved_installation AS TABLE ops.installation`;
    await sql`DELETE FROM ops.installation`;
    const names = mergedNames();
    expect((await sync()).lastBatch).toBe(0);
    expect(mergedNames()).toEqual(names);
    await sql`INSERT INTO ops.installation SELECT * FROM saved_installation`;
    await sql`DROP TABLE saved_installation`;
  });
});
