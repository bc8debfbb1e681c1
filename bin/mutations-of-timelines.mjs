import { breaksOf } from './breaks-of.mjs';

const tests = {
  features: [
    'test/packages/features/timelines.test.ts',
    'test/packages/features/history-boundaries.test.ts',
    'test/laws/history.test.ts',
  ],
  'offline-store': ['test/packages/offline-store/timeline-store.integration.test.ts'],
  platform: ['test/acceptance/history.integration.test.ts'],
};

const breakOf = (folder, file) => breaksOf(`packages/${folder}/${file}.ts`, tests[folder]);

const planning = breakOf('features', 'timelines');
const compiling = breakOf('features', 'compile-timelines');
const writing = breakOf('features', 'write-timelines');
const reading = breakOf('features', 'read-timelines');
const choosing = breakOf('features', 'compute-history');
const selecting = breakOf('features', 'compile-spine');
const storing = breakOf('offline-store', 'timeline-store');
const answering = breakOf('platform', 'history-timelines');

/** Breaks of how timelines are made, kept and read. */
export const timelineMutations = [
  planning('timelines of all event types', 'eventType ?? null', 'null'),
  planning('timelines of all sources', 'JSON.stringify([source, ', 'JSON.stringify(['),
  planning('timelines of any plan', "hasOnlyTimes ? 'times' : aggregate]", "'times']"),
  compiling('users of a part', 'u < ${until}', 'u <= ${until}'),
  selecting('sessions of another type', ' WHERE ${isOfType(eventType)})', ')'),
  compiling('when sessions end', 'max(e) AS last', 'min(e) AS last'),
  compiling('pauses from the wrong row', 'ORDER BY e)`', 'ORDER BY e DESC)`'),
  compiling('pauses of long sessions', 'last > first +', 'last > first + 30 *'),
  compiling('pauses longer than a day', 'e > previous + ${', 'e > previous + 30 * ${'),
  compiling('lists in order of time', '`list_sort(list(', '`list_reverse_sort(list('),
  writing('the last arrival', 'max(ingested_at)', 'min(ingested_at)'),
  compiling('users between parts', 'max(u) + 1 AS until', 'max(u) AS until'),
  compiling('how many rows a part has', '1 + coalesce(n, 0)', '1'),
  writing('what making leaves in memory', 'await duckDb.run(sql).catch(() => {});', ''),
  reading('pauses shorter than the window', '<= micros) continue', '<= 0) continue'),
  reading('pauses longer than the window', '<= micros) continue', '>= 0) continue'),
  reading('where a part begins', 'let before = 0;', 'let before = 1;'),
  reading('where a piece begins', 'next[query] = from + rows;', ''),
  reading(
    'what nobody asks for',
    '.filter(({ from, until }) => isAsked(from, until))',
    '.slice(1)',
  ),
  choosing('timelines before the last arrival', 'timelines.lastArrival > known.at', 'false'),
  choosing('sessions after a pause', 'if (pauses) sums', 'if (pauses && micros < 0) sums'),
  choosing(
    'users who ask nothing',
    'offsets[from]! < offsets[until]!',
    'offsets[from]! + 1 < offsets[until]!',
  ),
  storing(
    'timelines of other segments',
    '[writerVersion, timelineKey(featureSet), states]',
    '[writerVersion, timelineKey(featureSet)]',
  ),
  storing(
    'timelines of other definitions',
    '[writerVersion, timelineKey(featureSet), states]',
    '[writerVersion, states]',
  ),
  storing('parts of another size', 'lastArrival, rowsPerPart, fileOf }', 'lastArrival, fileOf }'),
  storing('timelines of later rows', 'if (lastArrival > options.knownAt) return undefined;', ''),
  storing('parts that can not be read', 'rows[index] === users', 'true'),
  storing('what a killed call left', 'if (mtimeMs < oldest) await', 'if (mtimeMs < 0) await'),
  storing('what is being made', 'if (mtimeMs < oldest) await', 'await'),
  storing(
    'what a cancelled call made',
    '} finally {\n    await rm(folder, { recursive: true, force: true });\n  }\n  await removeOldest',
    '} finally {\n  }\n  await removeOldest',
  ),
  storing('what is in the way', 'await removeAtOnce(final);', ''),
  storing('files that are no timelines', '.filter((name) => /^[0-9a-f]{32}$/.test(name))', ''),
  storing('the oldest timelines', 'slice(FOLDERS_KEPT)', 'slice(FOLDERS_KEPT + 1)'),
  storing('the newest timelines', 'other.mtimeMs - one.mtimeMs', 'one.mtimeMs - other.mtimeMs'),
  answering('a K for each row', "if (asked.knowledge.kind === 'as-served') return undefined;", ''),
  answering('timelines that are there', 'if (found) return found;', ''),
  answering('a cancelled history', 'progress.signal.throwIfAborted();', ''),
  answering('few rows', 'ROWS_PER_USER_MIN = 0.1', 'ROWS_PER_USER_MIN = 0'),
  answering('many rows', 'ROWS_PER_USER_MIN = 0.1', 'ROWS_PER_USER_MIN = 100'),
  answering('timelines with faults', '    return undefined;\n  }\n}', '    throw error;\n  }\n}'),
];
