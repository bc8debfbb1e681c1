import {
  describeProperties,
  describeReason,
} from '../../../packages/cli/actions/describe-properties';

it('names the properties of each table with their types, the new ones as such', () => {
  const found = (name: string, rest: object = {}) =>
    ({ table: 'user_events', name, type: 'text', known: true, ...rest }) as const;
  const properties = [
    found('device'),
    found('ok', { type: 'boolean', known: false }),
    found('later', { type: null, known: false }),
    found('tax', { table: 'billing_events', type: 'decimal' }),
  ];
  expect(describeProperties({ properties })).toEqual([
    'Properties of user_events: device (text), ok (boolean, new), later (without a value).',
    'Properties of billing_events: tax (decimal).',
  ]);
  expect(describeProperties({ properties: [] })).toEqual([]);
});

it('names the properties for which rows were rejected, each once', () => {
  expect(describeReason('invalid_property', ['a', 'b', 'a'])).toBe('invalid_property (a, b)');
  expect(describeReason('invalid_id', [null, null])).toBe('invalid_id');
});
