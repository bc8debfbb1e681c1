import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isChurnError } from '../../../packages/contracts';
import { rawTableNames, type RawTable } from '../../../packages/raw-data/raw-tables';
import { createRawDataFixture, type RawDataFixture } from './raw-data-fixture';

const examples = path.resolve(__dirname, '../../../examples/exports');
const expectations = path.join(__dirname, 'exports');

/** Where a mapping's tables are written, beside the export that they are made of. */
const MAPPED = 'mapped';

let fixture: RawDataFixture;
let copies: string;
beforeAll(async () => {
  fixture = await createRawDataFixture();
  copies = path.join(fixture.folder, 'examples');
  cpSync(examples, copies, { recursive: true });
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

const vendors = subfolders(examples);
const cases = vendors.flatMap((vendor) => {
  const kinds = subfolders(path.join(examples, vendor));
  const mapped = existsSync(path.join(examples, vendor, 'mapping.sql')) ? [MAPPED] : [];
  return [...kinds, ...mapped].map((kind) => [vendor, kind] as const);
});

describe('the examples of exports', () => {
  it.each(cases)('load or are refused as expected: %s, %s', async (vendor, kind) => {
    const expected = readFileSync(path.join(expectations, `${vendor}-${kind}.txt`), 'utf8');
    if (kind === MAPPED) mapExport(path.join(copies, vendor));
    const answer = await importExample(path.join(copies, vendor, kind));
    expect(answer.join('\n')).toBe(expected.trimEnd());
  });

  it('have an expectation each, and a README that says where their schema comes from', () => {
    const names = cases.map(([vendor, kind]) => `${vendor}-${kind}.txt`);
    expect(readdirSync(expectations).sort()).toEqual([...names].sort());
    for (const vendor of vendors) {
      const readme = readFileSync(path.join(examples, vendor, 'README.md'), 'utf8');
      expect(readme).toMatch(/no account was used/i);
      expect(readme).toMatch(/read on \d{4}-\d\d-\d\d|from memory of the published schema/);
    }
  });
});

function subfolders(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function mapExport(vendor: string): void {
  const script = path.join(examples, 'map-export.mjs');
  const [mapping, ...folders] = ['mapping.sql', 'export', MAPPED].map((name) =>
    path.join(vendor, name),
  );
  const { status, stderr } = spawnSync(process.execPath, [script, mapping!, ...folders], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

/** What is in the database after the import, a line each, or the refusal and what is loaded in spite of it. */
async function importExample(folder: string, acceptRejected = false): Promise<string[]> {
  try {
    const { ignored_columns: ignored } = await fixture.load({}, { folder, acceptRejected });
    return [
      ...(await loadedRows()),
      ...(await rejectedRows()),
      ...rawTableNames.flatMap((table) => {
        const names = ignored[table].map((name) => name || '(unnamed)');
        return names.length === 0 ? [] : [`ignored ${table}: ${names.join(', ')}`];
      }),
    ];
  } catch (error) {
    if (!isChurnError(error)) throw error;
    expect(await loadedRows()).toEqual([]);
    const refusal = `refused ${error.message}`;
    return error.code === 'TOO_MANY_REJECTED' && !acceptRejected
      ? [refusal, 'with --accept-rejected:', ...(await importExample(folder, true))]
      : [refusal];
  }
}

const columns: Record<RawTable, readonly string[]> = {
  users: ['user_id', 'signup_time', 'plan', 'country'],
  plan_changes: ['change_id', 'user_id', 'plan', 'event_time'],
  user_events: ['event_id', 'user_id', 'session_id', 'event_type', 'event_time'],
  billing_events: ['event_id', 'user_id', 'event_type', 'amount_cents', 'currency', 'event_time'],
  user_attributes: ['attribute_id', 'user_id', 'name', 'value', 'event_time'],
};

async function loadedRows(): Promise<string[]> {
  const lines: string[] = [];
  for (const table of rawTableNames) {
    const [id] = columns[table];
    const time = table === 'users' ? 'signup_time' : 'event_time';
    const texts = columns[table].map((name) =>
      name === time ? inUtc(name) : `coalesce(${name}::text, '-')`,
    );
    const arrival = `CASE WHEN ingested_at <> ${time} THEN 'arrived ' || ${inUtc('ingested_at')} END`;
    const rows = await fixture.database.sql.unsafe<{ line: string }[]>(`
      SELECT '${table} ' || concat_ws(' | ', ${texts.join(', ')}, ${arrival}) AS line
      FROM raw_data.${table} ORDER BY ${id} COLLATE "C"`);
    lines.push(...rows.map(({ line }) => line));
  }
  return lines;
}

function inUtc(column: string): string {
  return `(${column} AT TIME ZONE 'UTC')::text`;
}

async function rejectedRows(): Promise<string[]> {
  const rows = await fixture.database.sql<{ line: string }[]>`
    SELECT 'rejected ' || source || ':' || "row" || ' ' || reason AS line
    FROM raw_data.rejected_rows ORDER BY source, "row"`;
  return rows.map(({ line }) => line);
}
