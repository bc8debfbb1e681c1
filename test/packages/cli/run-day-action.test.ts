import { runDayAction } from '../../../packages/cli/actions/run-actions';
import type { CommandContext } from '../../../packages/cli/command-context';

describe('a daily run by hand', () => {
  it.each([
    ['pass', false],
    ['warn', false],
    ['fail', true],
  ])('with the verdict %s has failed: %s', async (verdict, hasFailed) => {
    const steps = [{ step: 'validate_schema', status: 'succeeded', skipped: null, seconds: 1 }];
    const report = { verdict, steps, warnings: [] };
    const context = {
      application: () => Promise.resolve({ services: { runDay: () => Promise.resolve(report) } }),
    } as unknown as CommandContext;
    const result = await runDayAction({ date: '2026-01-31' }, context);
    expect(result).toMatchObject({ document: report, hasFailed });
    expect(result.text).toContain(`Verdict: ${verdict}`);
  });
});
