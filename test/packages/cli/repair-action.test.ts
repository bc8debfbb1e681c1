import { repairAction } from '../../../packages/cli/actions/repair-action';
import type { CommandContext } from '../../../packages/cli/command-context';
import type { RawRepair } from '../../../packages/raw-data/log/repair-raw-log';
import type { OnlineRepair } from '../../../packages/online-store/repair/repair-online';

const repair: OnlineRepair = {
  date: '2024-06-01',
  revision: 2,
  users: 9,
  unchanged: 3,
  missing: 1,
  damaged: 2,
  wrongTyped: 1,
  fromFuture: 1,
  outdated: 1,
  removed: 4,
  bookkeeping: ['churn:online:meta'],
};

describe('churn repair raw', () => {
  const run = async (rawRepair: RawRepair) => {
    const application = async () => ({ services: { repairRaw: async () => rawRepair } });
    return repairAction({ store: 'raw' }, { application } as unknown as CommandContext);
  };
  const equal = { equal: 7, missing: 0, extra: 0, mismatched: 0, not_comparable: 0, examples: [] };

  it('names what it made again', async () => {
    const found = ['missing raw_log/batch=000002/users.parquet (batch 2)'];
    const { document, text, hasFailed } = await run({ found, audit: equal });
    expect(document).toEqual({ repaired: found, ...equal });
    expect(text).toBe(
      `Made again from Postgres:\n${found[0]}\nThe raw log has the 7 rows of Postgres.`,
    );
    expect(hasFailed).toBe(false);
  });

  it('fails where rows differ afterwards', async () => {
    const audit = { ...equal, missing: 2, examples: ['missing in batch 3: 2 rows of users'] };
    const { text, hasFailed } = await run({ found: [], audit });
    expect(text).toMatch(/^Nothing was wrong.\n2 rows still differ.*\nmissing in batch 3/);
    expect(hasFailed).toBe(true);
  });
});

describe('churn repair offline', () => {
  const run = async (repaired: string[], unrepaired: string[]) => {
    const repairOffline = async () => ({ repaired, unrepaired });
    const application = async () => ({ services: { repairOffline } });
    return repairAction({ store: 'offline' }, { application } as unknown as CommandContext);
  };

  it('says what it put back, and fails where something is left', async () => {
    expect(await run([], [])).toEqual({
      document: { repaired: [], unrepaired: [] },
      text: 'Nothing was wrong.',
      hasFailed: false,
    });
    const left = await run(['2024-02-10: a'], ['2024-02-11: b']);
    expect(left.text).toBe(
      'Put back as it was published:\n2024-02-10: a\nCould not be put back:\n2024-02-11: b',
    );
    expect(left.hasFailed).toBe(true);
  });
});

describe('churn repair online', () => {
  it('reports what it found by kind, and which keys of the bookkeeping it wrote again', async () => {
    const application = async () => ({ services: { repairOnline: async () => repair } });
    const context = { application } as unknown as CommandContext;
    const { document, text, hasFailed } = await repairAction({ store: 'online' }, context);
    expect(document).toEqual({
      date: '2024-06-01',
      revision: 2,
      users: 9,
      unchanged: 3,
      missing: 1,
      damaged: 2,
      wrong_typed: 1,
      from_future: 1,
      outdated: 1,
      removed: 4,
      bookkeeping: ['churn:online:meta'],
    });
    expect(text).toContain('the partition of 2024-06-01, revision 2: 9 users');
    expect(text).toMatch(/wrong_typed +1/);
    expect(text).toContain('Written again: churn:online:meta');
    expect(hasFailed).toBeFalsy();
  });
});
