import { loadConfig } from '../../../packages/config';
import { openPlatform, type Platform } from '../../../packages/platform';
import { openTestPlatform, quietly, type TestPlatform } from '../../acceptance/open-test-platform';

const day = { from: '2024-01-01', to: '2024-01-01', users: 5 };

describe("an installation's directory", () => {
  let ours: TestPlatform;
  let theirs: TestPlatform;
  let unused: TestPlatform;
  let astray: Platform | undefined;

  beforeAll(async () => {
    ours = await openTestPlatform();
    theirs = await openTestPlatform();
    unused = await openTestPlatform();
    await ours.jobs.generate(day, quietly);
    await theirs.jobs.generate(day, quietly);
  });

  afterEach(() => astray?.close());
  afterAll(() => Promise.all([ours, theirs, unused].map((platform) => platform.remove())));

  async function openedWith(other: TestPlatform): Promise<Platform> {
    const env = { ...ours.env, DATABASE_URL: other.env.DATABASE_URL! };
    return (astray = await openPlatform(loadConfig(env)));
  }

  const jobs = {
    generate: ({ jobs: { generate } }: Platform) => generate(day, quietly),
    'audit raw': ({ jobs: { audit } }: Platform) => audit('raw', quietly),
    'audit offline': ({ jobs: { audit } }: Platform) => audit('offline', quietly),
  };

  it.each(Object.entries(jobs))(
    'and an empty database: %s refuses, and leaves it empty',
    async (_, job) => {
      await expect(job(await openedWith(unused))).rejects.toMatchObject({ code: 'EMPTY_DATABASE' });
      expect(await unused.adapters.database.sql`select * from ops.installation`).toHaveLength(0);
    },
  );

  it.each(Object.entries(jobs))('and the database of another one: %s refuses', async (_, job) => {
    const { id } = await ours.adapters.installation();
    const { id: found } = await theirs.adapters.installation();
    await expect(job(await openedWith(theirs))).rejects.toMatchObject({
      code: 'INSTALLATION_MISMATCH',
      details: { store: 'Postgres', found, expected: id },
    });
  });
});
