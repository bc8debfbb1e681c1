import { breaksOf } from './breaks-of.mjs';

const rawLog = 'test/packages/raw-data/log/raw-log.integration.test.ts';
const merged = 'test/packages/raw-data/log/merged-raw-log.integration.test.ts';
const logManifest = 'test/packages/raw-data/log/log-manifest.test.ts';
const planMerge = 'test/packages/raw-data/log/plan-merge.test.ts';
const refusals = 'test/packages/application/refusals.integration.test.ts';
const order = 'test/laws/order-and-chunks.test.ts';

const [mirrored, folders, manifests, merging, planning, runs, readers] = [
  'raw-log',
  'batch-folders',
  'log-manifest',
  'merge-log',
  'plan-merge',
  'write-run',
  'reader-folder',
].map((name) => breaksOf(`packages/raw-data/log/${name}.ts`));

/** Breaks of what is mirrored and merged, made again and removed, and read meanwhile. */
export const rawLogMutations = [
  folders(
    'a load of the same number',
    '(await readTextIfThere(file)) !== load.committedMicros',
    '(await readTextIfThere(file)) === undefined',
    [rawLog],
  ),
  folders('a segment that is gone', 'every((size) => size !== undefined)', 'every(() => true)', [
    merged,
  ]),
  manifests(
    'merged loads of the same number',
    'merged.get(batch) !== present.get(batch)',
    'merged.has(batch) !== present.has(batch)',
    [logManifest],
  ),
  manifests(
    'runs that share a batch',
    'for (let run = all.find(isOutside); run;',
    'for (let run = all.find(isOutside); run && from < 0;',
    [logManifest],
  ),
  merging('merged files of another size', 'sizes[index] === bytes', 'sizes[index] !== undefined', [
    merged,
  ]),
  merging('a segment that a merge can not read', 'if (!isDamaged) throw error;', 'throw error;', [
    merged,
  ]),
  merging(
    'merged files with other bytes',
    'if (!(await hasOwnBytes(file))) return',
    'if (!file) return',
    [merged],
  ),
  merging(
    'runs written before a merge that failed',
    "if (isChurnError(error) && error.code === 'DUCKDB_OUT_OF_MEMORY') break;",
    '',
    [merged],
  ),
  planning('all folders before a run', 'Math.max(beforeLast, ', 'Math.max(0, ', [planMerge]),
  runs('the latest rows first', 'ORDER BY is_latest DESC, ', 'ORDER BY ', [merged]),
  runs(
    'the end of a cut',
    '${timeColumn} < make_timestamptz',
    '${timeColumn} <= make_timestamptz',
    [merged, order],
  ),
  readers(
    'names of a reader',
    'segments[table].map((segment) => ({ ...segment, file: ownName(segment.file) })),',
    'segments[table],',
    [merged],
  ),
  mirrored(
    'a log that nothing says whose it is',
    'if (!isOwned && loads.length === 0) {',
    'if (loads.length < 0) {',
    [merged],
  ),
  mirrored('loads that are missing', 'if (throughBatch > lastBatch) {', 'if (throughBatch < 0) {', [
    rawLog,
    refusals,
  ]),
  mirrored('segments up to S', '.filter(({ firstBatch }) => firstBatch <= throughBatch)', '', [
    rawLog,
  ]),
];
