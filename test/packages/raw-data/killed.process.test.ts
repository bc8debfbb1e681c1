import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { auditRawLog } from '../../../packages/raw-data/log/audit-raw-log';
import { syncRawLog } from '../../../packages/raw-data/log/raw-log';
import { createRawDataFixture, type RawDataFixture } from './raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

/** Runs the child until it has killed itself. */
async function killInTheMiddleOf(what: 'import' | 'raw-log', folder: string): Promise<void> {
  const child = spawn(
    process.execPath,
    [
      '-r',
      path.join(__dirname, '../../environment/typescript-require.cjs'),
      path.join(__dirname, 'killed-child.ts'),
      what,
      fixture.database.url,
      folder,
      fixture.scratchDir,
    ],
    { stdio: 'inherit' },
  );
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

it('leaves nothing of a load that is killed, and the next one starts afresh', async () => {
  const folder = path.resolve('examples/cdnow');
  await killInTheMiddleOf('import', folder);
  for (const table of ['raw_data.users', 'raw_data.user_events', 'ops.load_batches']) {
    expect(await fixture.database.sql`SELECT FROM ${fixture.database.sql(table)}`).toHaveLength(0);
  }
  const report = await fixture.load({}, { folder });
  expect(report).toMatchObject({ batch: 1, loaded: { users: 2357, user_events: 13_838 } });
});

it('mends a raw log whose writer was killed between two segments', async () => {
  await fixture.load({}, { folder: path.resolve('examples/cdnow') });
  const rawLogDir = path.join(fixture.folder, 'raw_log');
  await killInTheMiddleOf('raw-log', rawLogDir);
  expect(readdirSync(rawLogDir).filter((name) => name.startsWith('batch='))).toEqual([]);
  expect(readdirSync(rawLogDir).some((name) => name.endsWith('.tmp'))).toBe(true);
  await syncRawLog({ ...fixture, rawLogDir });
  expect(readdirSync(rawLogDir).sort()).toEqual(['_installation', 'batch=000001']);
  const audit = await auditRawLog({ ...fixture, rawLogDir });
  expect(audit).toMatchObject({ equal: 2357 + 13_838 + 6911, missing: 0, extra: 0, mismatched: 0 });
});
