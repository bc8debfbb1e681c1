import { breaksOf } from './breaks-of.mjs';

const tests = {
  'features/history': [
    'test/packages/features/history/timelines.test.ts',
    'test/packages/features/history/read-timelines.test.ts',
    'test/packages/features/history-boundaries.test.ts',
    'test/laws/history.test.ts',
  ],
  'offline-store': ['test/packages/offline-store/timeline-store.integration.test.ts'],
  'application/history': ['test/acceptance/history.integration.test.ts'],
};

const breakOf = (folder, file) => breaksOf(`packages/${folder}/${file}.ts`, tests[folder]);

const planning = breakOf('features/history', 'timelines');
const compiling = breakOf('features/history', 'compile-timelines');
const writing = breakOf('features/history', 'write-timelines');
const reading = breakOf('features/history', 'read-timelines');
const choosing = breakOf('features/history', 'compute-history');
const selecting = breakOf('features/history', 'compile-spine');
const filing = (file) =>
  breaksOf(`packages/list-columns/${file}.ts`, ['test/packages/list-columns']);
const [fileReading, fileWriting, regrouping] = [
  'read-list-file',
  'write-list-file',
  'regroup-rows',
].map(filing);
const storing = breakOf('offline-store', 'timeline-store');
const answering = breakOf('application/history', 'history-timelines');

/** Breaks of how timelines are made, kept and read. */
export const timelineMutations = [
  planning('timelines of all event types', 'eventType ?? null', 'null'),
  planning('timelines of all sources', 'JSON.stringify([source, ', 'JSON.stringify(['),
  planning('timelines of any plan', "hasOnlyTimes ? 'times' : aggregate]", "'times']"),
  compiling('users of a pass', 'u < ${until}', 'u <= ${until}'),
  selecting('sessions of another type', ' WHERE ${isOfType(eventType)})', ')'),
  compiling('when sessions end', 'max(e) AS last', 'min(e) AS last'),
  compiling('pauses from the wrong row', 'ORDER BY e)`', 'ORDER BY e DESC)`'),
  compiling('pauses of long sessions', 'last > first +', 'last > first + 30 *'),
  compiling('pauses longer than a day', 'e > previous + ${', 'e > previous + 30 * ${'),
  compiling('lists in order of time', '`list_sort(list(', '`list_reverse_sort(list('),
  writing('the last arrival', 'max(ingested_at)', 'min(ingested_at)'),
  compiling('users between passes', 'max(u) + 1 AS until', 'max(u) AS until'),
  compiling('how many rows a pass has', '1 + coalesce(n, 0)', '1'),
  writing('what making leaves in memory', 'await duckDb.run(sql).catch(() => {});', ''),
  reading('pauses shorter than the window', '<= micros) continue', '<= 0) continue'),
  reading('pauses longer than the window', '<= micros) continue', '>= 0) continue'),
  reading('where a part begins', 'let until = 0;', 'let until = 1;'),
  reading('where the next part begins', 'until += part.users;', 'until += 1;'),
  reading(
    'timelines of other users',
    'if ((all.at(-1)?.until ?? 0) !== userCount) throw',
    'if (userCount < 0) throw',
  ),
  reading('lists that do not go together', 'if (!isPair) throw', 'if (lists.size < 0) throw'),
  reading('a part that is read into another', '[room, other] = [other, room];', ''),
  reading(
    'what nobody asks for',
    '.filter(({ from, until }) => isAsked(from, until))',
    '.slice(1)',
  ),
  choosing('timelines before the last arrival', 'timelines.lastArrival > knowledge.at', 'false'),
  choosing('sessions after a pause', 'if (pauses) sums', 'if (pauses && micros < 0) sums'),
  choosing(
    'users who ask nothing',
    'offsets[from]! < offsets[until]!',
    'offsets[from]! + 1 < offsets[until]!',
  ),
  storing(
    'timelines of other loads',
    '[writerVersion, timelineKey(featureSet), batch, contentKey]',
    '[writerVersion, timelineKey(featureSet), batch]',
  ),
  storing(
    'timelines of other definitions',
    '[writerVersion, timelineKey(featureSet), batch, contentKey]',
    '[writerVersion, batch, contentKey]',
  ),
  storing('timelines of later rows', 'if (lastArrival > known.at) return undefined;', ''),
  storing('parts of another size', 'sizes[index] === bytes', 'true'),
  storing('what a killed call left', 'if (mtimeMs < oldest) await', 'if (mtimeMs < 0) await'),
  storing('what is being made', 'if (mtimeMs < oldest) await', 'await'),
  storing(
    'what a cancelled call made',
    '} finally {\n    await rm(folder, { recursive: true, force: true });\n  }\n  await removeOldest',
    '} finally {\n  }\n  await removeOldest',
  ),
  storing(
    'the last arrival in an audit',
    'const lastArrival = await latestArrival(duckDb, options);\n    await',
    'const { lastArrival } = (await findTimelines(options))!;\n    await',
  ),
  storing('what is in the way', 'await removeAtOnce(final);', ''),
  storing('files that are no timelines', '.filter((name) => /^[0-9a-f]{32}$/.test(name))', ''),
  storing('the oldest timelines', 'slice(FOLDERS_KEPT)', 'slice(FOLDERS_KEPT + 1)'),
  storing('the newest timelines', 'other.mtimeMs - one.mtimeMs', 'one.mtimeMs - other.mtimeMs'),
  fileWriting('where values begin', 'count + (count % 2)', 'count'),
  fileWriting('lists after others', 'before + offset', 'offset'),
  fileReading('files of other rows', 'if (taken < room.length) throw', 'if (taken < 0) throw'),
  fileReading('lists behind the end', 'if (taken > room.length) throw', 'if (taken < 0) throw'),
  fileReading('torn files', '.size !== room.length', '.size < 0'),
  fileReading('where lists lie', 'room.byteOffset + taken', 'taken'),
  fileReading('lists that go back', 'offset < before', 'offset < 0'),
  fileReading('lists that begin elsewhere', 'return offsets[0] === 0;', 'return true;'),
  regrouping('how many rows a group has', 'left.rows > 0', 'left.rows >= 0'),
  regrouping('how many values a group has', 'values > left.values', 'values >= left.values'),
  regrouping('a row that is too large', 'isEmpty && until === from', 'isEmpty'),
  regrouping('room that others take', 'room = left;', ''),
  regrouping('room of the next group', 'group = [];\n      room = limits;', 'group = [];'),
  regrouping('the last group', 'if (group.length > 0) yield group;', ''),
  regrouping('lists of another chunk', '(offset) => offset - first', '(offset) => offset'),
  answering('a K for each row', "if (asked.knowledge.kind === 'as-served') return undefined;", ''),
  answering('timelines that are there', 'if (found) return found;', ''),
  answering('a cancelled history', 'progress.signal.throwIfAborted();', ''),
  answering('few rows', 'ROWS_PER_USER_MIN = 0.1', 'ROWS_PER_USER_MIN = 0'),
  answering('many rows', 'ROWS_PER_USER_MIN = 0.1', 'ROWS_PER_USER_MIN = 100'),
  answering('timelines with faults', '    return undefined;\n  }\n}', '    throw error;\n  }\n}'),
];
