import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { sha256OfFile } from '../../../packages/durable-files/file-hash';
import {
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../acceptance/open-test-platform';
import { baseFacts, lateFacts, writeFolder } from '../offline-store/late-facts';
import type { Fact } from '../offline-store/touched-by-rules';

const AT = '2025-03-10T12:00:00Z';

/** Loaded last, with an arrival time from long before: K alone does not keep it out. */
const late = lateFacts['a session of a user who was silent']!;

describe('an answer from before a load', () => {
  let application: TestApplication;
  let folders = 0;

  beforeAll(async () => {
    application = await openTestApplication();
    await load(baseFacts());
  });

  afterAll(() => application.remove());

  function load(facts: readonly Fact[]) {
    const folder = writeFolder(path.join(application.dataDir, `import-${(folders += 1)}`), facts);
    return application.services.importFolder({ folder, arrival: 'assumed' }, quietly);
  }

  async function history(knowledge: { knownAt: string; batch?: number }) {
    const [spine, out] = ['spine.csv', 'history.parquet'].map((name) =>
      path.join(application.dataDir, name),
    );
    writeFileSync(spine!, `user_id,time\n${late.userId},${AT}\n`);
    const query = { spine: spine!, out: out!, ...knowledge };
    const { known_at, batch } = await application.services.writeHistory(query, quietly);
    return { known_at, batch, file: await sha256OfFile(out!) };
  }

  async function features(knowledge: { knownAt: string; batch?: number }) {
    const {
      known_at,
      batch,
      features: values,
    } = await application.services.userFeatures({
      userId: late.userId,
      at: AT,
      ...knowledge,
    });
    return { known_at, batch, values };
  }

  it('comes again with its K and S, and only with both', async () => {
    const before = {
      history: await history({ knownAt: 'latest' }),
      features: await features({ knownAt: 'latest' }),
    };
    expect(before.history.batch).toBe(1);
    await load([...baseFacts(), late]);

    for (const [ask, answered] of [
      [history, before.history],
      [features, before.features],
    ] as const) {
      const { known_at: knownAt, batch } = answered;
      const again = await ask({ knownAt, batch });
      expect(again).toEqual(answered);
      const now = await ask({ knownAt });
      expect(now).toMatchObject({ known_at: knownAt, batch: 2 });
      expect({ ...now, batch }).not.toEqual(again);
    }
  });

  it('is refused for a load that is not there', async () => {
    for (const ask of [history, features]) {
      await expect(ask({ knownAt: 'latest', batch: 3 })).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
        details: { problem: 'batch 3 is not loaded; the latest is 2' },
      });
    }
  });
});
