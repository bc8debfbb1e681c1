import { compareColumns } from '../../../../packages/drift/metrics/compare-columns';

const expected = [
  { name: 'user_id', type: 'VARCHAR' },
  { name: 'sessions', type: 'INTEGER' },
];

describe('comparing columns', () => {
  it.each([
    ['equal', expected, { missing: [], extra: [], retyped: [], reordered: false }],
    [
      'missing',
      expected.slice(1),
      { missing: ['user_id'], extra: [], retyped: [], reordered: false },
    ],
    [
      'extra',
      [...expected, { name: 'x', type: 'DOUBLE' }],
      { missing: [], extra: ['x'], retyped: [], reordered: false },
    ],
    [
      'retyped',
      [expected[0]!, { name: 'sessions', type: 'BIGINT' }],
      {
        missing: [],
        extra: [],
        retyped: ['sessions: BIGINT instead of INTEGER'],
        reordered: false,
      },
    ],
    ['reordered', expected.toReversed(), { missing: [], extra: [], retyped: [], reordered: true }],
  ])('finds columns that are %s', (_what, actual, differences) => {
    expect(compareColumns(actual, expected)).toEqual(differences);
  });
});
