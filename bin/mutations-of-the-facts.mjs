const served = 'test/packages/features/golden-as-served.test.ts';
const golden = 'test/packages/features/golden-boundaries.test.ts';
const oracle = 'test/packages/features/engine-agrees-with-oracle.test.ts';

const overlaps = (name, find, replace) => ({
  name,
  file: 'packages/features/session-overlaps.ts',
  find,
  replace,
  tests: [served, oracle],
});

const collector = (name, find, replace) => ({
  name,
  file: 'packages/features/fact-collector.ts',
  find,
  replace,
  tests: [served, oracle],
});

/** Breaks of how rows become facts, and facts sessions. */
export const factMutations = [
  {
    name: 'a union of sessions',
    file: 'packages/features/compute-vectors.ts',
    find: 'if (plan.bySession) this.noteOverlaps',
    replace: 'if (false) this.noteOverlaps',
    tests: [oracle, golden],
  },
  overlaps(
    'sessions of two facts',
    'const last = latest[session]!;',
    'const last = latest[session]!;\n    if (facts.previous[facts.previous[last]!]! < 0) continue;',
  ),
  overlaps('the end of an overlap', 'Math.min(covered, until), user', 'until, user'),
  overlaps(
    'overlap with the last fact only',
    'covered = Math.max(covered, until);',
    'covered = until;',
  ),
  overlaps(
    'the order of a session',
    'a.from - b.from || a.day - b.day',
    'a.day - b.day || a.from - b.from',
  ),
  overlaps(
    'sessions of one event type',
    'column === undefined || column[fact]! > 0;',
    'column === column;',
  ),
  collector('sessions of the first day', 'floor = -this.plan', 'floor = 1 - this.plan'),
  collector('two sessions in a row', '(day <= floor || isAsBefore(hashes!, row))', 'true'),
  {
    name: 'the other word of a hash',
    file: 'packages/features/fact-collector.ts',
    find: ' && words[low + 1] === words[low - 1]',
    replace: '',
    tests: ['test/packages/features/fact-collector.test.ts'],
  },
  collector('two arrivals in a row of a session', '        seen![row] === seen![row - 1] &&\n', ''),
  collector(
    'two arrivals of a session',
    'this.day[fact] === day && this.seenAt[fact] === at',
    'this.day[fact] === day',
  ),
  collector(
    'two days of a session',
    'this.day[fact] === day && this.seenAt[fact] === at',
    'this.seenAt[fact] === at',
  ),
  collector('the facts of a session', 'this.previous[added] = latest;', ''),
  {
    name: 'facts after the arrays grew',
    file: 'packages/features/fact-collector.ts',
    find: 'larger.set(column);',
    replace: '',
    tests: ['test/packages/features/fact-collector.test.ts'],
  },
  {
    name: 'one hash of two owners',
    file: 'packages/features/key-index.ts',
    find: 'keys[key] === owner && ',
    replace: '',
    tests: ['test/packages/features/key-index.test.ts'],
  },
  {
    name: 'keys after the table grew',
    file: 'packages/features/key-index.ts',
    find: 'this.keys.set(keys);',
    replace: '',
    tests: ['test/packages/features/key-index.test.ts'],
  },
  {
    name: 'users that no moment sees',
    file: 'packages/features/user-hash.ts',
    find: 'return number < 0 ? count : number;',
    replace: 'return number < 0 ? 0 : number;',
    tests: [oracle, golden],
  },
  {
    name: 'users that share a hash',
    file: 'packages/features/user-hash.ts',
    find: 'if (found?.distinct) return hash;',
    replace: 'return hash;',
    tests: ['test/packages/features/user-hash.test.ts'],
  },
];
