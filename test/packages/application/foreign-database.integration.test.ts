import { loadConfig } from '../../../packages/config/load-config';
import { openApplication, type Application } from '../../../packages/application/application';
import {
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../acceptance/open-test-platform';

const day = { from: '2024-01-01', to: '2024-01-01', users: 5 };

describe("an installation's directory", () => {
  let ours: TestApplication;
  let theirs: TestApplication;
  let unused: TestApplication;
  let astray: Application | undefined;

  beforeAll(async () => {
    ours = await openTestApplication();
    theirs = await openTestApplication();
    unused = await openTestApplication();
    await ours.services.generate(day, quietly);
    await theirs.services.generate(day, quietly);
  });

  afterEach(() => astray?.close());
  afterAll(() => Promise.all([ours, theirs, unused].map((application) => application.remove())));

  async function openedWith(other: TestApplication): Promise<Application> {
    const env = { ...ours.env, DATABASE_URL: other.env.DATABASE_URL! };
    return (astray = await openApplication(loadConfig(env)));
  }

  const services = {
    generate: ({ services: { generate } }: Application) => generate(day, quietly),
    'audit raw': ({ services: { audit } }: Application) => audit('raw', quietly),
    'audit offline': ({ services: { audit } }: Application) => audit('offline', quietly),
  };

  it.each(Object.entries(services))(
    'and an empty database: %s refuses, and leaves it empty',
    async (_, job) => {
      await expect(job(await openedWith(unused))).rejects.toMatchObject({ code: 'EMPTY_DATABASE' });
      expect(await unused.adapters.database.sql`select * from ops.installation`).toHaveLength(0);
    },
  );

  it.each(Object.entries(services))(
    'and the database of another one: %s refuses',
    async (_, job) => {
      const { id } = await ours.adapters.installation();
      const { id: found } = await theirs.adapters.installation();
      await expect(job(await openedWith(theirs))).rejects.toMatchObject({
        code: 'INSTALLATION_MISMATCH',
        details: { store: 'Postgres', found, expected: id },
      });
    },
  );
});
