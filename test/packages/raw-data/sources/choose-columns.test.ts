import {
  chooseColumns,
  type OfferedColumn,
} from '../../../../packages/raw-data/sources/choose-columns';
import type { RawTable } from '../../../../packages/raw-data/raw-tables';

function choose(table: RawTable, ...names: string[]) {
  const offered = names.map((name, index): OfferedColumn => ({
    name,
    identifier: `"c${index}"`,
    times: 'text',
  }));
  const { columns, ignoredColumns } = chooseColumns(table, 'file', offered);
  const chosen = [...columns].map(([name, { identifier }]) => `${name}=${identifier}`);
  return { chosen: chosen.join(' '), ignored: ignoredColumns };
}

describe('the columns of a file', () => {
  it.each<[what: string, table: RawTable, names: string[], chosen: string, ignored: string[]]>([
    [
      'in another case',
      'users',
      ['USER_ID', 'Signup_Time', 'PLAN', 'Country', 'Ingested_At'],
      'user_id="c0" signup_time="c1" plan="c2" country="c3" ingested_at="c4"',
      [],
    ],
    [
      'currency in another case',
      'billing_events',
      ['EVENT_ID', 'user_id', 'event_type', 'Amount', 'Currency', 'event_time'],
      'event_id="c0" user_id="c1" event_type="c2" amount="c3" currency="c4" event_time="c5"',
      [],
    ],
    [
      'the exact name before its twin',
      'users',
      ['user_id', 'signup_time', 'plan', 'INGESTED_AT', 'ingested_at'],
      'user_id="c0" signup_time="c1" plan="c2" ingested_at="c4"',
      ['INGESTED_AT'],
    ],
    [
      'the exact name after its twin',
      'users',
      ['USER_ID', 'user_id', 'signup_time', 'plan'],
      'user_id="c1" signup_time="c2" plan="c3"',
      ['USER_ID'],
    ],
    [
      'others, ignored',
      'users',
      ['note', 'user_id', 'signup_time', 'plan', '', 'note'],
      'user_id="c1" signup_time="c2" plan="c3"',
      ['note', '', 'note'],
    ],
  ])('are found: %s', (_what, table, names, chosen, ignored) => {
    expect(choose(table, ...names)).toEqual({ chosen, ignored });
  });

  it.each<[what: string, table: RawTable, names: string[], problem: RegExp]>([
    [
      'twins, none of which is exact',
      'users',
      ['User_Id', 'USER_ID', 'signup_time', 'plan'],
      /has the columns User_Id and USER_ID, any of which may be user_id/,
    ],
    [
      'a name twice',
      'users',
      ['user_id', 'user_id', 'signup_time', 'plan'],
      /has column user_id twice/,
    ],
    [
      'both amounts in another case',
      'billing_events',
      ['event_id', 'user_id', 'event_type', 'event_time', 'AMOUNT', 'Amount_Cents'],
      /both amount and amount_cents/,
    ],
    [
      'camel case',
      'users',
      ['user_id', 'signup_time', 'plan', 'ingestedAt'],
      /has a column ingestedAt; did you mean ingested_at\?/,
    ],
    [
      'blanks',
      'user_events',
      ['event_id', 'user_id', 'session_id', 'event type', 'event_time'],
      /has a column event type; did you mean event_type\?/,
    ],
    [
      'one that is missing',
      'users',
      ['user_id', 'plan', 'note'],
      /has no column signup_time; it has user_id, plan, note/,
    ],
    [
      'one that is missing beside a name that may be a value',
      'users',
      ['', 'user_id', '@seats', 'note'],
      /has no column signup_time; it has user_id, note and 2 with other names/,
    ],
    [
      'no amount',
      'billing_events',
      ['event_id', 'user_id', 'event_type', 'event_time'],
      /has no column amount_cents \(or amount\)/,
    ],
    [
      'values for names, which are not repeated',
      'users',
      ['ann@example.com', '2024-01-01', 'pro'],
      /has no column user_id, and none of the other columns of users either; the first line of a CSV must be a header/,
    ],
  ])('are refused: %s', (_what, table, names, problem) => {
    expect(() => choose(table, ...names)).toThrow(problem);
  });
});

const EVENTS = ['event_id', 'user_id', 'session_id', 'event_type', 'event_time'];

describe('columns with the prefix of properties', () => {
  const properties = (table: RawTable, ...names: string[]) => {
    const offered = names.map((name, index): OfferedColumn => ({
      name,
      identifier: `"c${index}"`,
      times: 'text',
    }));
    const found = chooseColumns(table, 'file', offered).properties;
    return [...found].map(([name, { identifier }]) => `${name}=${identifier}`);
  };

  it('are found by what follows the prefix, in any case of it', () => {
    const names = ['p_amount', 'P_Plan name', 'p_ größe ', `p_${'x'.repeat(64)}`, 'p_user_id'];
    expect(properties('user_events', ...EVENTS, ...names)).toEqual([
      'amount="c5"',
      'Plan name="c6"',
      'größe="c7"',
      `${'x'.repeat(64)}="c8"`,
      'user_id="c9"',
    ]);
    const bill = ['event_id', 'user_id', 'event_type', 'amount', 'event_time', 'p_amount'];
    expect(properties('billing_events', ...bill)).toEqual(['amount="c5"']);
  });

  it('are none of tables without events', () => {
    expect(properties('users', 'user_id', 'signup_time', 'plan', 'p_amount')).toEqual([]);
  });

  it.each([
    ['twins', ['p_amount', 'P_amount'], /the columns p_amount and P_amount/],
    ['twins but for their case', ['p_amount', 'p_Amount'], /the columns p_amount and p_Amount/],
    ['no name', ['p_'], /begins with "p_".* 1 to 64 characters that print/],
    ['a long name', [`p_${'x'.repeat(65)}`], /begins with "p_x{18}",/],
    ['an unprintable name', ['p_a\u00a0b'], /begins with "p_a/],
  ])('are refused: %s', (_what, names, problem) => {
    expect(() => properties('user_events', ...EVENTS, ...names)).toThrow(problem);
  });
});

describe('columns with the prefix of attributes', () => {
  const chosen = (table: RawTable, ...names: string[]) => {
    const offered = names.map((name, index): OfferedColumn => ({
      name,
      identifier: `"c${index}"`,
      times: 'text',
    }));
    const { attributes, properties, ignoredColumns } = chooseColumns(table, 'file', offered);
    return {
      attributes: [...attributes.keys()],
      properties: [...properties.keys()],
      ignoredColumns,
    };
  };

  it.each<[RawTable, readonly string[]]>([
    ['users', ['user_id', 'signup_time', 'plan']],
    ['plan_changes', ['change_id', 'user_id', 'plan', 'event_time']],
    ['user_events', EVENTS],
    ['billing_events', ['event_id', 'user_id', 'event_type', 'amount', 'event_time']],
  ])('are those of the users in %s, and not ignored', (table, names) => {
    expect(chosen(table, ...names, 'a_country', 'A_Team size', 'age')).toMatchObject({
      attributes: ['country', 'Team size'],
      ignoredColumns: ['age'],
    });
  });

  it('are not properties, whatever the name', () => {
    const { attributes, properties } = chosen('user_events', ...EVENTS, 'a_p_x', 'p_a_y');
    expect({ attributes, properties }).toEqual({ attributes: ['p_x'], properties: ['a_y'] });
  });

  it('are none of a file of attributes', () => {
    const names = ['user_id', 'name', 'value', 'event_time', 'a_country'];
    expect(chosen('user_attributes', ...names)).toMatchObject({
      attributes: [],
      ignoredColumns: ['a_country'],
    });
  });

  it('are refused: twins, of which one has the prefix in another case', () => {
    const twins = () => chosen('user_events', ...EVENTS, 'a_x', 'A_x');
    expect(twins).toThrow(/the columns a_x and A_x/);
  });
});
