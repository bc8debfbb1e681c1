import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openDuckDb } from '../../../../packages/duckdb/open-duckdb';
import { quoteLiteral } from '../../../../packages/duckdb/quote-sql';
import { createImportFolderRig, type ImportFolderRig } from './import-folder-files';

/** Of pyarrow; DuckDB writes no such type. */
const wideDecimals = path.join(__dirname, 'decimals-of-50-digits.parquet');

let rig: ImportFolderRig;
beforeAll(async () => {
  rig = await createImportFolderRig();
});
afterAll(() => rig.remove());

/** Writes users.parquet, or another file, into a folder and returns the folder's name. */
async function writeParquet(query: string, name: string, file = 'users.parquet'): Promise<string> {
  const target = path.join(rig.path, name, file);
  mkdirSync(path.dirname(target), { recursive: true });
  const duckDb = await openDuckDb({
    allowedDirectories: [rig.path],
    scratchDirectory: rig.path,
    memoryMegabytes: 128,
    threads: 1,
  });
  await duckDb.run(`COPY (${query}) TO ${quoteLiteral(target)} (FORMAT parquet)`);
  duckDb.close();
  return name;
}

describe('the columns of a Parquet file', () => {
  it('may be called in another case', async () => {
    const query = `SELECT 'u1' AS USER_ID, DATE '2024-01-01' AS "Signup_Time", 'pro' AS "PLAN"`;
    const found = await rig.read({}, await writeParquet(query, 'upper'));
    expect(found.rows.users).toEqual([{ user_id: 'u1', signup_time: '2024-01-01', plan: 'pro' }]);
  });

  it.each([
    'user_events.pq',
    'user_events.snappy.parquet',
    'user_events.parquet.gzip',
    'USER_EVENTS.PARQUET',
  ])('are found in %s', async (file) => {
    const name = `endings of ${file}`;
    await writeParquet(
      `SELECT 'u1' AS user_id, DATE '2024-01-01' AS signup_time, 'p' AS plan`,
      name,
    );
    const query = `SELECT 'e1' AS event_id, 'u1' AS user_id, 's' AS session_id, 'login' AS event_type, DATE '2024-01-02' AS event_time`;
    const found = await rig.read({}, await writeParquet(query, name, file));
    expect(found.files[1]).toBe(`user_events: ${file} (parquet, none) []`);
    expect(found.rows.user_events).toHaveLength(1);
  });

  /** DuckDB writes no two columns that differ by case alone: one of them is renamed in the file. */
  const twins = async (columns: string, [from, to]: [string, string], name: string) => {
    await writeParquet(`SELECT ${columns}`, name);
    const file = path.join(rig.path, name, 'users.parquet');
    const bytes = readFileSync(file).toString('latin1').replaceAll(from, to);
    writeFileSync(file, bytes, 'latin1');
    return name;
  };
  const OTHERS = `DATE '2024-01-01' AS signup_time, 'pro' AS plan`;

  it.each([
    ['before it', `'x' AS user_ix, 'u1' AS user_id, ${OTHERS}`],
    ['behind it', `${OTHERS}, 'u1' AS user_id, 'x' AS user_ix`],
  ])('are those of their exact name, with a twin %s', async (where, columns) => {
    const found = await rig.read({}, await twins(columns, ['user_ix', 'USER_ID'], `twin ${where}`));
    expect(found.files).toEqual(['users: users.parquet (parquet, none) [USER_ID]']);
    expect(found.rows.users![0]).toMatchObject({ user_id: 'u1' });
  });

  it('carry arrival under the exact name, whatever else is there', async () => {
    const columns = `'u1' AS user_id, ${OTHERS}, DATE '2020-01-01' AS ingested_ax, DATE '2024-06-01' AS ingested_at`;
    const name = await twins(columns, ['ingested_ax', 'INGESTED_AT'], 'arrival');
    const found = await rig.read({}, name);
    expect(found.rows.users![0]).toMatchObject({ ingested_at: '2024-06-01' });
  });

  it('are refused as twins without an exact name, and when the exact name is there twice', async () => {
    const columns = `'u1' AS "USER_Id", 'u2' AS user_ix, ${OTHERS}`;
    const none = await twins(columns, ['user_ix', 'USER_ID'], 'none');
    await expect(rig.read({}, none)).rejects.toThrow(/the columns USER_Id and USER_ID/);
    const both = await twins(
      `'a' AS user_id, 'b' AS user_ix, ${OTHERS}`,
      ['user_ix', 'user_id'],
      'both',
    );
    await expect(rig.read({}, both)).rejects.toThrow(/has column user_id twice/);
  });

  it('are refused as decimals of more digits than are read, which DuckDB takes for other numbers', async () => {
    const folder = path.join(rig.path, 'wide');
    mkdirSync(folder);
    copyFileSync(wideDecimals, path.join(folder, 'billing_events.parquet'));
    const users = { 'users.csv': 'user_id,signup_time,plan\n' };
    await expect(rig.read(users, 'wide')).rejects.toThrow(
      /column amount with the type DECIMAL\(50,2\), which has more than 38 digits/,
    );
  });

  it('lie behind nested ones', async () => {
    const query = `SELECT {'a': 1, 'b': [{'c': 2}]} AS note, MAP {'k': 1} AS tags, 'u1' AS user_id, DATE '2024-01-01' AS signup_time, 'pro' AS "PLAN"`;
    const found = await rig.read({}, await writeParquet(query, 'nested'));
    expect(found.files).toEqual(['users: users.parquet (parquet, none) [note, tags]']);
    expect(found.rows.users![0]).toMatchObject({ user_id: 'u1', plan: 'pro' });
  });

  it('are said to be missing, with those that are there', async () => {
    const name = await writeParquet(`SELECT 'u1' AS id, 'pro' AS plan`, 'missing');
    await expect(rig.read({}, name)).rejects.toMatchObject({
      details: { problem: 'users.parquet has no column user_id; it has plan, id' },
    });
  });
});
