import { breaksOf } from './breaks-of.mjs';

const program = 'test/packages/cli/program.test.ts';
const wrongUsage = 'test/packages/cli/wrong-usage.test.ts';
const processes = 'test/packages/cli/main.process.test.ts';

const runs = breaksOf('packages/cli/program.ts', [program]);
const opens = breaksOf('packages/cli/run-command.ts', [processes]);
const parses = breaksOf('packages/cli/option-parsers.ts', [wrongUsage]);
const suggests = breaksOf('packages/cli/usage-error.ts', [wrongUsage]);
const writes = breaksOf('packages/cli/open-terminal.ts', [processes]);
const shows = breaksOf('packages/cli/terminal.ts', ['test/packages/cli/terminal.test.ts']);
const calendar = breaksOf('packages/instants/calendar-problem.ts', ['test/packages/instants']);
const ranges = breaksOf('packages/orchestration/require-date-range.ts', [
  'test/packages/orchestration/require-date-range.test.ts',
]);
const former = breaksOf('packages/contracts/reprocess.ts', [
  'test/activities/pipeline-activities.test.ts',
]);
const early = breaksOf('packages/application/backfills/dates-before-data.ts', [
  'test/packages/application/backfills/dates-before-data.integration.test.ts',
]);

/** Breaks of the manners of the command line, and of what it checks before anything else. */
export const commandLineMutations = [
  runs('an error is a document', 'if (isJson) terminal.out(', 'if (!isJson) terminal.out('),
  runs('json is asked for before the end of options', "argv.indexOf('--')", '-1'),
  opens(
    'a command loads the application when it needs it',
    "import type { CheckedCommand } from './define-command';",
    "import type { CheckedCommand } from './define-command';\nimport '../application';",
  ),
  parses(
    'a folder that is there',
    "if (!found) throw new InvalidArgumentError('There is no such folder.');",
    'if (!found) return text;',
  ),
  parses('the name of a version', String.raw`/^v\d{3,}$/`, String.raw`/^v\d+$/`),
  suggests('the beginning of an option', 'one.startsWith(word)', 'one === word'),
  writes('a closed pipe', "code === 'EPIPE'", "code === 'EPIPE_'"),
  shows('progress does not count backwards', 'Math.max(most.done, done)', 'done'),
  calendar('the length of February', 'year % 100 !== 0 || ', ''),
  ranges(
    'a range that ends before it begins',
    'to < from) throw',
    'to < from && to === from) throw',
  ),
  ranges('the longest range', 'days <= RANGE_DAYS_MAX', 'days < RANGE_DAYS_MAX'),
  former('a word of a former release', "failed: 'missing-and-failed'", "failed: 'missing'"),
  early('who signs up at midnight', 'midnightOf(day) === firstSignup', 'false'),
];
