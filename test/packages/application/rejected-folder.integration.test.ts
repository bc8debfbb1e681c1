import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../acceptance/open-test-platform';

let application: TestApplication;
beforeAll(async () => {
  application = await openTestApplication({
    settings: (dataDir) => ({ CHURN_IMPORT_DIR: path.join(dataDir, 'incoming') }),
  });
});
afterAll(() => application.remove());

function writeUsers(folder: string, rows: { good: number; bad: number }): void {
  const line = (_: unknown, index: number, time: string) =>
    `${folder}-${time}-${index},${time},pro`;
  const lines = [
    'user_id,signup_time,plan',
    ...Array.from({ length: rows.good }, (_, index) => line(_, index, '2025-01-01')),
    ...Array.from({ length: rows.bad }, (_, index) => line(_, index, 'soon')),
  ];
  const target = path.join(application.dataDir, 'incoming', folder);
  mkdirSync(target, { recursive: true });
  writeFileSync(path.join(target, 'users.csv'), `${lines.join('\n')}\n`);
}

const generateData = (date: string) => application.pipelinePorts.generateData(date, quietly);

const alerts = () =>
  readFileSync(path.join(application.dataDir, 'logs', 'alerts.jsonl'), 'utf8')
    .trim()
    .split('\n');

it('warns of a folder past the first limit, and alerts once, also if the attempt that loaded it died', async () => {
  writeUsers('1', { good: 95, bad: 5 });
  const warned = {
    verdict: 'warn',
    problems: expect.arrayContaining([
      expect.stringContaining('in folder 1: 5 of 100 rows of users (5 %) were rejected'),
      // Said of any first load without events.
      expect.stringContaining('in folder 1: 95 of 95 users (100 %) have no user events'),
    ]),
  };
  expect(await generateData('2025-03-01')).toMatchObject({ batch: 1, rejected: 5, ...warned });
  expect(await generateData('2025-03-01')).toMatchObject({ batch: null, rejected: 0, ...warned });
  expect(alerts()).toHaveLength(1);
  expect(JSON.parse(alerts()[0]!)).toMatchObject({
    key: 'rejected-rows/1',
    severity: 'warning',
    date: '2025-03-01',
    message: expect.stringContaining('5 invalid_time, first in users.csv line 97'),
    details: { batch: 1, folder: '1', tables: [{ table: 'users', count: 5 }] },
  });
  await application.pipelinePorts.takeDailyKnowledge('2025-03-01');
  expect(await generateData('2025-03-02')).toEqual({ batch: null, rows: {}, rejected: 0 });
});

it('fails past the second one; the folder and those after it wait until it is mended', async () => {
  writeUsers('2', { good: 79, bad: 21 });
  writeUsers('3', { good: 1, bad: 0 });
  await expect(generateData('2025-03-02')).rejects.toMatchObject({
    code: 'TOO_MANY_REJECTED',
    retryable: false,
    message: expect.stringContaining('in folder 2: 21 of 100 rows of users (21 %)'),
  });
  writeUsers('2', { good: 79, bad: 0 });
  expect(await generateData('2025-03-02')).toMatchObject({ batch: 3, rows: { users: 80 } });
});

it('is not loaded again when somebody loaded it by hand, and a dry run does not use it up', async () => {
  writeUsers('4', { good: 1, bad: 1 });
  const folder = path.join(application.dataDir, 'incoming', '4');
  const request = { folder, arrival: 'now' as const, acceptRejected: true };
  const preview = await application.services.previewImport(request, quietly);
  expect(preview).toMatchObject({ batch: null, loaded: { users: 1 }, dry_run: { error: null } });
  await expect(generateData('2025-03-03')).rejects.toMatchObject({ code: 'TOO_MANY_REJECTED' });
  await application.services.importFolder(request, quietly);
  expect(await generateData('2025-03-03')).toMatchObject({ batch: null, rejected: 0 });
});
