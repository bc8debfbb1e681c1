import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { misreadImports, type ImportContent, type MisreadImport } from './misread-imports';
import { createRawDataFixture, type RawDataFixture } from './raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

async function writeContent(folder: string, name: string, content: ImportContent): Promise<void> {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  if (typeof content === 'string' || Buffer.isBuffer(content)) {
    writeFileSync(file, content);
    return;
  }
  const duckDb = await fixture.openDuckDb([fixture.folder]);
  try {
    await duckDb.run(
      `COPY (${content.parquet}) TO '${file.replaceAll("'", "''")}' (FORMAT parquet)`,
    );
  } finally {
    duckDb.close();
  }
}

async function importFiles(
  files: MisreadImport['files'],
  { folder: name, options }: Pick<MisreadImport, 'folder' | 'options'>,
) {
  const folder = fixture.write({}, name);
  for (const [file, content] of Object.entries(files)) await writeContent(folder, file, content);
  return fixture.load({}, { folder, ...options });
}

function only<T>(counts: Record<string, T>, isEmpty: (value: T) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => !isEmpty(value)));
}

async function outcomeOf({ before, expected, ...load }: MisreadImport): Promise<unknown> {
  if (before) await importFiles(before, {});
  try {
    const report = await importFiles(load.files, load);
    return {
      loaded: only(report.loaded, (rows) => rows === 0),
      rejected: only(report.rejected, (reasons) => Object.keys(reasons).length === 0),
      ...(expected.warned ? { warned: (report.warnings ?? []).map(({ code }) => code) } : {}),
      ...(expected.value ? { value: [expected.value[0], await readValue(expected.value[0])] } : {}),
    };
  } catch (error) {
    return { refused: (error as Error).message };
  }
}

async function readValue(sql: string): Promise<string> {
  const [row] = await fixture.database.sql.unsafe<{ text: string }[]>(
    `SELECT (${sql})::text AS text`,
  );
  return row!.text;
}

describe.each(Object.entries(misreadImports))('%s', (_kind, cases) => {
  it.each(Object.entries(cases))('%s', async (_what, wanted) => {
    const { refused } = wanted.expected;
    expect(await outcomeOf(wanted)).toEqual(
      refused ? { refused: expect.stringMatching(refused) } : wanted.expected,
    );
  });
});
