import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../../../packages/config/load-config';
import { openApplication } from '../../../packages/application/application';
import { openTestApplication, type TestApplication } from '../../acceptance/open-test-platform';

const HOUR_SECONDS = 3_600;

describe('what killed processes left in the scratch folder', () => {
  let application: TestApplication;

  beforeAll(async () => {
    application = await openTestApplication();
  });

  afterAll(() => application.remove());

  it('is removed by the next process once it is a day old, what is younger stays', async () => {
    const hoursOld = { 'spill-old': 25, 'spill-new': 23 };
    const nameOf = (folder: string) => path.join(application.dataDir, 'scratch', folder);
    for (const [folder, hours] of Object.entries(hoursOld)) {
      mkdirSync(nameOf(folder));
      writeFileSync(path.join(nameOf(folder), 'part'), 'x');
      const changed = Date.now() / 1_000 - hours * HOUR_SECONDS;
      utimesSync(nameOf(folder), changed, changed);
    }
    const next = await openApplication(loadConfig(application.env));
    await next.close();
    expect(existsSync(nameOf('spill-old'))).toBe(false);
    expect(existsSync(nameOf('spill-new'))).toBe(true);
  });
});
