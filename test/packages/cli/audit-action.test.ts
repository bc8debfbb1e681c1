import { auditAction } from '../../../packages/cli/actions/monitoring-actions';
import { auditNames } from '../../../packages/cli/audit-names';
import type { CommandContext } from '../../../packages/cli/command-context';

const clean = { equal: 5, missing: 0, extra: 0, mismatched: 0, not_comparable: 0, examples: [] };
const damaged = { ...clean, missing: 1, examples: ['missing: v002/model.json'] };

describe.each(auditNames)('an audit of %s', (store) => {
  it.each([
    [
      'names what is not equal, and has failed',
      damaged,
      /missing +1\n(.*\n)*missing: v002\/model\.json$/,
      true,
    ],
    ['says how many are equal', clean, /equal +5\n/, false],
  ])('%s', async (_what, report, text, hasFailed) => {
    const services = { audit: async (asked: string) => (asked === store ? report : clean) };
    const context = { application: async () => ({ services }) } as unknown as CommandContext;
    const result = await auditAction({ store }, context);
    expect(result).toMatchObject({ document: report, hasFailed });
    expect(result.text).toMatch(text);
  });
});
