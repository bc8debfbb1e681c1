import { importFolderAction } from '../../../packages/cli/actions/data-actions';
import type { CommandContext } from '../../../packages/cli/command-context';

describe('an import with warnings', () => {
  it.each([
    ['of rows that may be wrong', 'no_login', true],
    ['of rejected rows, which can be corrected', 'rejected_rows', false],
    ['of rates, which stay', 'settled_rates', false],
    ['of words that stand for nothing', 'absent_values', false],
  ])('%s says how to correct loaded rows: %s %s', async (_what, code, says) => {
    const { warnings } = await importWith(code);
    expect(warnings?.[0]).toBe('What was found.');
    expect(warnings?.slice(1)).toEqual(
      says ? [expect.stringMatching(/with another CHURN_DATA_DIR/)] : [],
    );
  });
});

function importWith(code: string) {
  const warnings = [{ code, table: 'user_events', count: 1, message: 'What was found.' }];
  const none = {};
  const report = {
    batch: 1,
    loaded: none,
    unchanged: none,
    rejected: none,
    retried: none,
    warnings,
  };
  const context = {
    application: () =>
      Promise.resolve({
        services: {
          importFolder: () =>
            Promise.resolve({ ...report, files: [], ignored_files: [], properties: [] }),
        },
      }),
    progress: { report: () => undefined },
  } as unknown as CommandContext;
  const request = { folder: 'exports', arrival: 'assumed', dryRun: false } as const;
  return importFolderAction(request, context);
}
