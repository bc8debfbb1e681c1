import { repairAction } from '../../../packages/cli/actions/repair-action';
import type { CommandContext } from '../../../packages/cli/command-context';
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
