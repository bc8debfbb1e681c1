import { breaksOf } from './breaks-of.mjs';

const shares = breaksOf('packages/raw-data/rejected/judge-rejected-shares.ts', [
  'test/packages/raw-data/rejected/judge-rejected-shares.test.ts',
]);
const lines = breaksOf('packages/raw-data/rejected/find-record-lines.ts', [
  'test/packages/raw-data/rejected/find-record-lines.test.ts',
]);
const kept = ['test/packages/raw-data/rejected/kept-rows.integration.test.ts'];
const judged = breaksOf('packages/raw-data/rejected/judge-rejected-rows.ts', kept);
const recorded = breaksOf('packages/raw-data/rejected/write-record-lines.ts', kept);
const originals = breaksOf('packages/raw-data/rejected/original-values.ts', kept);
const mended = breaksOf('packages/raw-data/rejected/rejected-csv.ts', [
  'test/packages/raw-data/rejected/rejected-csv.test.ts',
]);
const retried = breaksOf('packages/raw-data/rejected/retry-rejected-rows.ts', [
  'test/packages/raw-data/rejected/retried-rows.integration.test.ts',
]);
const preview = breaksOf('packages/raw-data/load/load-batch.ts', [
  'test/packages/raw-data/preview-import.integration.test.ts',
]);
const corrected = breaksOf('packages/raw-data/rejected/note-corrected-rows.ts', [
  'test/packages/raw-data/rejected/retried-rows.integration.test.ts',
]);
const folders = breaksOf('packages/application/daily-run/warned-folders.ts', [
  'test/packages/application/rejected-folder.integration.test.ts',
]);

const stray = breaksOf('packages/raw-data/hazards/stray-last-event.ts', [
  'test/packages/raw-data/hazards/stray-last-event.test.ts',
]);
const local = breaksOf('packages/raw-data/hazards/local-time.ts', [
  'test/packages/raw-data/hazards/local-time.test.ts',
]);
const staged = breaksOf('packages/raw-data/load/load-batch.ts', [
  'test/packages/raw-data/hazards/find-hazards.integration.test.ts',
]);

/** Rejected rows: what is kept of them, when there are too many, and trying them again. */
export const rejectedMutations = [
  shares('known rows count as accepted', 'counts.unchanged[table] + ', ''),
  shares('a share of exactly the limit', '/ rows > percent', '/ rows >= percent'),
  shares(
    'a limit is not multiplied',
    '(rejected * 100) / rows > percent',
    'rejected * 100 > percent * rows',
  ),
  lines('line ends in quotes end no record', 'if (this.isQuoted) return;', ''),
  lines('two bytes end one line', 'if (!isSecondHalf) this.line', 'this.line'),
  judged('nothing accepted is no load', "sum('loaded') + sum('unchanged') === 0", 'false'),
  recorded('records are counted', 'records === part.rows + above', 'records !== null'),
  originals('a long text is cut', 'length(${safe}) <= ${VALUE_CHARACTERS_MAX}', 'true'),
  mended('assumed arrivals are left out', ' && row.ingested_at !== row[timeColumn]', ''),
  retried('rows are retried for 30 days', 'RETRY_DAYS = 30', 'RETRY_DAYS = 31'),
  retried('a retried row is noted', 'WHEN ${isSame} THEN known.batch END', 'WHEN false THEN 0 END'),
  corrected('twins of one load', 'refused.batch < $1::integer', 'true'),
  corrected('only what the batch has', ' AND known.batch = $1::integer', ''),
  retried(
    'other content is a conflict',
    "ELSE 'conflicting_duplicate' END",
    'ELSE refused.reason END',
  ),
  preview(
    'a dry run is taken back',
    'throw new RolledBack({ ...load, examples: await rejectedExamples(tx) });',
    'return { ...load, examples: await rejectedExamples(tx) };',
  ),
  stray('a gap among other gaps', 'GAP_RATIO_MIN = 3n', 'GAP_RATIO_MIN = 0n'),
  stray(
    'a single stray event',
    'Math.max(1, Math.floor(total * STRAY_SHARE_MAX))',
    'Math.floor(total * STRAY_SHARE_MAX)',
  ),
  local('the direction of the jump', "=== 'spring' ? 1 : -1", "=== 'spring' ? -1 : 1"),
  staged(
    'a stray event says nothing of completeness',
    'AND event_time <= ${end}::text::timestamptz ',
    '',
  ),
  folders('earlier days have seen a folder', 'WHERE date < ${date}', 'WHERE date > ${date}'),
];
