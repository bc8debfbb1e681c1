import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Alert } from '../../../packages/contracts/runs';
import { openDatabase } from '../../../packages/database/open-database';
import type { DriftReport } from '../../../packages/drift/drift-report';
import { recordAlert } from '../../../packages/drift/record-alert';
import { recordDrift } from '../../../packages/drift/record-drift';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { openTestDuckDb } from '../duckdb/open-test-duckdb';

const alert: Alert = {
  key: 'drift/2024-01-05/psi/sessions_30d/v001',
  kind: 'drift',
  severity: 'warning',
  date: '2024-01-05',
  message: 'sessions_30d: psi is 0.2.',
  details: { value: 0.2 },
};
const raisedAt = '2024-01-05T01:30:00.123456Z';

describe('raising an alert', () => {
  const scratch = createScratchDirectory();
  const logsDir = path.join(scratch.path, 'logs');
  const file = path.join(logsDir, 'alerts.jsonl');
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  beforeEach(async () => {
    await database.sql`delete from ops.alerts`;
    rmSync(logsDir, { recursive: true, force: true });
    told = [];
  });
  afterAll(async () => {
    await database.drop();
    scratch.remove();
  });

  let told: string[] = [];
  const onNew = ({ key }: Alert) => void told.push(key);
  const raise = (more: Partial<Alert> = {}) =>
    recordAlert({ database, logsDir, alert: { ...alert, ...more }, raisedAt, onNew });
  const lines = () =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { key: string });

  it('writes a row and a line', async () => {
    expect(await raise()).toBe(true);
    const rows = await database.sql`select * from ops.alerts`;
    expect(rows).toEqual([
      expect.objectContaining({ ...alert, raised_at: raisedAt, details: { value: 0.2 } }),
    ]);
    expect(lines()).toEqual([{ ...alert, raised_at: raisedAt }]);
  });

  it('happens once, also from several sides at a time', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => raise()));
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await raise()).toBe(false);
    expect(lines()).toHaveLength(1);
    expect(told).toEqual([alert.key]);
  });

  it('keeps different alerts apart, also where one key begins with the other', async () => {
    await Promise.all([raise(), raise({ key: `${alert.key}/more` }), raise({ key: 'drift/2024' })]);
    expect(lines().map(({ key }) => key)).toHaveLength(3);
    expect(await database.sql`select key from ops.alerts`).toHaveLength(3);
  });

  it('writes the line again that got lost after the row was committed', async () => {
    await raise();
    writeFileSync(file, '');
    expect(await raise()).toBe(false);
    expect(lines()).toHaveLength(1);
  });

  it('does not repeat the line of an attempt that died before its row was committed', async () => {
    await raise();
    await database.sql`delete from ops.alerts`;
    expect(await raise()).toBe(true);
    expect(lines()).toHaveLength(1);
  });

  it('starts a new line after one that a crash cut off, even its own', async () => {
    await raise({ key: 'first' });
    appendFileSync(file, `{"key":"${alert.key}","raised_`);
    expect(await raise()).toBe(true);
    const text = readFileSync(file, 'utf8').split('\n');
    expect(JSON.parse(text[2]!)).toMatchObject({ key: alert.key });
  });

  it('keeps the row while the log can not be written, and adds the line later', async () => {
    writeFileSync(path.join(scratch.path, 'blocked'), '');
    const blocked = path.join(scratch.path, 'blocked', 'logs');
    await expect(
      recordAlert({ database, logsDir: blocked, alert, raisedAt, onNew }),
    ).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await database.sql`select key from ops.alerts`).toHaveLength(1);
    expect(await raise()).toBe(false);
    expect(lines()).toHaveLength(1);
    expect(told).toEqual([alert.key]);
  });

  it('writes the line while Postgres is down, and adds the row later', async () => {
    const down = openDatabase('postgres://nobody@127.0.0.1:1/none');
    const again = () => recordAlert({ database: down, logsDir, alert, raisedAt, onNew });
    await expect(again()).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    await expect(again()).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    await down.close();
    expect(lines()).toHaveLength(1);
    expect(told).toEqual([alert.key]);
    expect(await raise()).toBe(true);
    expect(lines()).toHaveLength(1);
  });

  it('is part of recording a report: the second time nothing is new', async () => {
    const report: DriftReport = {
      date: '2024-01-05',
      status: 'alert',
      not_compared: null,
      model_version: 'v001',
      feature_time: '2024-01-05T00:00:00.000000Z',
      revision: 1,
      rows: 1,
      eligible_rows: 1,
      reference_rows: 1,
      metrics: [],
      alerts: [alert, { ...alert, key: 'other' }],
    };
    const record = () =>
      recordDrift({
        report,
        driftLogsDir: path.join(scratch.path, 'drift_logs'),
        logsDir,
        database,
        openDuckDb: () => openTestDuckDb(scratch.path),
        raisedAt,
        onNewAlert: onNew,
      });
    const first = await record();
    expect(first.newAlerts).toBe(2);
    expect(existsSync(first.path)).toBe(true);
    expect((await record()).newAlerts).toBe(0);
    expect(told).toEqual([alert.key, 'other']);
  });
});
