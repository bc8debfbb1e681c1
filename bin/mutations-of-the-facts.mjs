import { breaksOf } from './breaks-of.mjs';

const served = 'test/packages/features/golden-as-served.test.ts';
const golden = 'test/packages/features/golden-boundaries.test.ts';
const oracle = 'test/packages/features/engine-agrees-with-oracle.test.ts';

const overlaps = breaksOf('packages/features/grid/session-overlaps.ts', [served, oracle]);

const collector = breaksOf('packages/features/grid/tile-collector.ts', [served, golden, oracle]);

const repeats = breaksOf('packages/features/grid/compile-tiles.ts', [golden, served, oracle]);

const pieces = breaksOf('packages/features/grid/segment-pieces.ts', [oracle]);

/** Breaks of how rows become tiles, and tiles sessions. */
export const tileMutations = [
  repeats('repeats on another day', "['day', ...columns", '[...columns'),
  repeats(
    'repeats over a midnight',
    '1_000_000n * MICROS_PER_DAY + MICROS_PER_DAY - 1n',
    '1_000_000n * MICROS_PER_DAY + MICROS_PER_DAY',
  ),
  repeats('repeats of another user', "type: 'UBIGINT', isKey: true }", "type: 'UBIGINT' }"),
  repeats('repeats in another session', '{ ...sessionColumn, isKey: true }', 'sessionColumn'),
  repeats('repeats that arrive later', '{ ...arrivalColumn, isKey: true }', 'arrivalColumn'),
  repeats('repeats that count', '`${name} <> 0`', '`false`'),
  repeats('repeats that are logins, or that the label knows', '`${name} > lag(', '`${name} < lag('),
  pieces(
    'the last row of a piece',
    '(index + 1) * rowsMax, rows)',
    '(index + 1) * rowsMax, rows) - 1',
  ),
  pieces('the first row of a piece', 'file_row_number >= ', 'file_row_number > '),
  pieces('the row after a piece', 'file_row_number < ', 'file_row_number <= '),
  pieces('files of one piece', 'files.push(segment.file);', 'files = [segment.file];'),
  {
    name: 'plan changes in pieces',
    file: 'packages/features/grid/tile-reader.ts',
    find: "source.source === 'plan_changes' ? Infinity : rowsPerPiece",
    replace: 'rowsPerPiece',
    tests: [oracle],
  },
  {
    name: 'a union of sessions',
    file: 'packages/features/grid/tile-reader.ts',
    find: 'if (source.bySession) this.noteOverlaps',
    replace: 'if (false) this.noteOverlaps',
    tests: [oracle, golden],
  },
  overlaps(
    'sessions of two tiles',
    'const last = latest[session]!;',
    'const last = latest[session]!;\n    if (tiles.previous[tiles.previous[last]!]! < 0) continue;',
  ),
  overlaps('the end of an overlap', 'Math.min(covered, until), user', 'until, user'),
  overlaps(
    'overlap with the last tile only',
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
    'column === undefined || column[tile]! > 0;',
    'column === column;',
  ),
  collector(
    'the first day of all',
    'floor = -this.plan.windowDays;\n    for',
    'floor = 1 - this.plan.windowDays;\n    for',
  ),
  collector(
    'sessions of the first day',
    'floor = -this.plan.windowDays;\n    let',
    'floor = 1 - this.plan.windowDays;\n    let',
  ),
  collector('two sessions in a row', '(day <= floor || isAsBefore(sessions, row))', 'true'),
  collector('rows that are no login', 'if (values[row] === 0) continue;', ''),
  collector('the latest login', 'if (time > into[tile]!)', 'if (time < into[tile]!)'),
  {
    name: 'the other word of a hash',
    file: 'packages/features/grid/tile-collector.ts',
    find: ' && words[low + 1] === words[low - 1]',
    replace: '',
    tests: ['test/packages/features/grid/tile-collector.test.ts'],
  },
  collector('two arrivals in a row of a session', '        seen[row] === seen[row - 1] &&\n', ''),
  collector(
    'two arrivals of a session',
    'this.day[tile] === day && this.seenAt[tile] === at',
    'this.day[tile] === day',
  ),
  collector(
    'two days of a session',
    'this.day[tile] === day && this.seenAt[tile] === at',
    'this.seenAt[tile] === at',
  ),
  collector('the tiles of a session', 'this.previous[added] = latest;', ''),
  {
    name: 'tiles after the arrays grew',
    file: 'packages/features/grid/tile-collector.ts',
    find: 'larger.set(column);',
    replace: '',
    tests: ['test/packages/features/grid/tile-collector.test.ts'],
  },
  {
    name: 'one hash of two owners',
    file: 'packages/features/grid/key-index.ts',
    find: 'keys[key] === owner && ',
    replace: '',
    tests: ['test/packages/features/grid/key-index.test.ts'],
  },
  {
    name: 'keys after the table grew',
    file: 'packages/features/grid/key-index.ts',
    find: 'this.keys.set(keys);',
    replace: '',
    tests: ['test/packages/features/grid/key-index.test.ts'],
  },
  {
    name: 'users that no moment sees',
    file: 'packages/features/grid/user-hash.ts',
    find: 'return number < 0 ? count : number;',
    replace: 'return number < 0 ? 0 : number;',
    tests: [oracle, golden],
  },
  {
    name: 'users that share a hash',
    file: 'packages/features/grid/user-hash.ts',
    find: 'if (found?.distinct) return hash;',
    replace: 'return hash;',
    tests: ['test/packages/features/grid/user-hash.test.ts'],
  },
];
