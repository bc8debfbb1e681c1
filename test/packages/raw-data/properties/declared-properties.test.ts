import {
  parseDeclarations,
  type WrittenDeclaration,
} from '../../../../packages/raw-data/properties/declared-properties';

const row = (text: string): WrittenDeclaration => {
  const [table, column, property, type] = text.split(',').map((cell) => cell || null);
  return { table: table!, column: column ?? null, property: property ?? null, type: type ?? null };
};
const parse = (...rows: string[]) =>
  parseDeclarations(rows.map(row)).map(({ table, column, property, type }) =>
    [table, column, property, type].join(','),
  );

it('says which columns are properties, of which names and types', () => {
  const rows = [
    'user_events,device,device,text',
    'Billing_Events,P_tax,,Decimal',
    'user_events,a b,,',
  ];
  expect(parse(...rows)).toEqual([
    'user_events,device,device,text',
    'billing_events,P_tax,tax,decimal',
    'user_events,a b,a b,',
  ]);
});

it('may call one property otherwise in each of several files', () => {
  const rows = ['user_events,os,system,text', 'user_events,platform,system,text'];
  expect(parse(...rows)).toEqual(rows);
});

it.each([
  ['data row 1: the table is none of user_events, billing_events', 'users,country,,text'],
  ['data row 1: it names no column', 'user_events,,x,text'],
  [
    'data row 1: the column event_type has a meaning of its own in user_events',
    'user_events,Event_Type,,',
  ],
  ['data row 1: the column amount has a meaning of its own', 'billing_events,amount,,decimal'],
  ['data row 1: the property must be 1 to 64 characters', 'user_events,p_,,text'],
  ['data row 1: the type is none of text, boolean, decimal', 'user_events,x,,number'],
  ['data row 2: the column is declared twice', 'user_events,x,,text', 'user_events,x,y,text'],
  [
    'data row 2: the property is also declared with another type',
    'user_events,x,y,text',
    'user_events,z,y,',
  ],
  [
    'data row 2: the property is also declared with different capital letters',
    'user_events,x,y,text',
    'user_events,z,Y,text',
  ],
])('is refused: %s', (problem, ...rows) => {
  expect(() => parse(...rows)).toThrow(problem);
});
