const condensing = (name, find, replace) => ({
  name,
  file: 'packages/raw-data/condense-events.ts',
  find,
  replace,
  tests: ['test/packages/raw-data/condense-events.test.ts'],
});

const history = (file) => (name, find, replace) => ({
  name,
  file: `packages/features/${file}.ts`,
  find,
  replace,
  tests: [
    'test/packages/features/merge-sessions.test.ts',
    'test/packages/features/history-boundaries.test.ts',
    'test/laws/history.test.ts',
  ],
});

const [choosing, compiling, reading, merging] = [
  'condensed-events',
  'compile-spine',
  'spine-fact-reader',
  'merge-sessions',
].map(history);

/** Breaks of how events are condensed, and of how history reads what was condensed. */
export const condensingMutations = [
  condensing('condensed over sessions', "['user_id', 'session_id'].map", "['user_id'].map"),
  condensing('condensed over users', "['user_id', 'session_id'].map", "['session_id'].map"),
  condensing('condensed over types of their own', '...isOfTypes, ', ''),
  condensing('condensed over days of silence', ', isLater]', ']'),
  condensing('condensed events exactly a day apart', 'OVER () > ${', 'OVER () >= ${'),
  condensing('the last event of a segment', 'num_rows - 1', 'num_rows - 2'),
  condensing('the last event of a condensed row', 'lead(time_before)', 'lead(event_time)'),
  choosing('condensed events that are not known yet', '<= knownAt', '<= knownAt + 86400000000n'),
  choosing('condensed where some segments are known', 'files.every(', 'files.some('),
  compiling('tails of a type of its own', 'isCondensed && eventType === undefined', 'isCondensed'),
  compiling('heads without their tails', "? 'last_event_time' :", "? 'event_time' :"),
  compiling('sessions that last longer than a window', 'max(greatest(a, last))', 'max(a)'),
  compiling('what earlier rows cover', 'max(last) OVER', 'max(e) OVER'),
  reading('events of another type', 'if (flags[row] === 0) continue;', ''),
  merging('the first part of a session', 'Math.min(', 'Math.max('),
  merging('the last part of a session', 'Math.max(', 'Math.min('),
  merging('sessions by half their hash', ' && session[2 * other + 1] === high', ''),
];
