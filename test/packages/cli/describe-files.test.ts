import { describeFiles } from '../../../packages/cli/actions/describe-files';
import type { LoadedFile } from '../../../packages/raw-data';

const file = (path: string, more: Partial<LoadedFile> = {}): LoadedFile => ({
  path,
  table: 'user_events',
  format: 'csv',
  compression: 'none',
  attributes: [],
  ignored_columns: [],
  ...more,
});

describe('the files of a load, for people', () => {
  it('are named with what they are, and with what was ignored', () => {
    const files = [
      file('Users.parquet', {
        table: 'users',
        format: 'parquet',
        ignored_columns: ['Country', 'note'],
      }),
      file('user_events/a.csv.gz', { compression: 'gzip', ignored_columns: ['note'] }),
      file('user_events/b.csv', { ignored_columns: ['note'] }),
      file('user_events/c.csv', { attributes: ['country', 'team size'] }),
    ];
    expect(describeFiles({ files, ignored_files: ['README.md', 'user_events/_SUCCESS'] })).toEqual([
      'Read users from Users.parquet (Parquet).',
      'Read user_events from 3 files, user_events/a.csv.gz to user_events/c.csv (CSV, gzip and CSV).',
      'Attributes: country, team size (user_events/c.csv).',
      'Ignored columns: Country, note (Users.parquet).',
      'Ignored columns: note (user_events/a.csv.gz, user_events/b.csv).',
      'Ignored files: README.md, user_events/_SUCCESS.',
    ]);
  });

  it('are not all listed when there are many', () => {
    const files = Array.from({ length: 7 }, (_, n) =>
      file(`user_events-${n}.csv`, { ignored_columns: ['x'] }),
    );
    const [, ignored] = describeFiles({ files, ignored_files: [] });
    expect(ignored).toMatch(/^Ignored columns: x \(user_events-0\.csv, .*-4\.csv and 2 more\)\.$/);
  });

  it('are not mentioned where rows were generated', () => {
    expect(describeFiles({ files: [], ignored_files: [] })).toEqual([]);
  });
});
