import path from 'node:path';
import { parseInstant } from '../../../packages/instants/epoch-micros';
import { importFolder } from '../../../packages/raw-data/import-folder';
import { takeKnowledge } from '../../../packages/raw-data/take-knowledge';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  NOW,
  ONE_USER,
  PLAN_CHANGES,
  REJECTED_LIMITS,
  rejectedRows,
  rowsOf,
  USER_EVENTS,
  USERS,
  type RawDataFixture,
} from './raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

describe('a row whose id is known', () => {
  const event = 'e1,u1,s1,login,2025-02-01T00:00:00Z';
  const load = (...rows: string[]) =>
    fixture.load({ users: ONE_USER, user_events: csv(USER_EVENTS, ...rows) });

  it('is unchanged when its content is the same, and makes no batch', async () => {
    await load(event);
    const report = await load(event);
    expect(report).toMatchObject({
      batch: null,
      loaded: { user_events: 0 },
      unchanged: { users: 1, user_events: 1 },
    });
    const batches = await fixture.database.sql`SELECT batch FROM ops.load_batches`;
    expect(batches).toHaveLength(1);
  });

  it('is unchanged within one file too', async () => {
    const report = await load(event, event, event);
    expect(report).toMatchObject({
      loaded: { user_events: 1 },
      unchanged: { user_events: 2 },
      rejected: { user_events: {} },
    });
  });

  it.each([
    ['user', 'e1,u2,s1,login,2025-02-01T00:00:00Z'],
    ['session', 'e1,u1,s2,login,2025-02-01T00:00:00Z'],
    ['type', 'e1,u1,s1,view,2025-02-01T00:00:00Z'],
    ['time', 'e1,u1,s1,login,2025-02-01T00:00:00.000001Z'],
  ])('is a conflicting_duplicate when its %s is another', async (_what, changed) => {
    const users = csv(USERS, 'u1,2025-01-01T00:00:00Z,free', 'u2,2025-01-01,free');
    await fixture.load({ users, user_events: csv(USER_EVENTS, event) });
    const before = await rowsOf(fixture.database, 'user_events');
    const report = await fixture.load({ users, user_events: csv(USER_EVENTS, changed) });
    expect(report.rejected.user_events).toEqual({ conflicting_duplicate: 1 });
    expect(await rowsOf(fixture.database, 'user_events')).toEqual(before);
  });

  it('lets the first of a file win where all arrive with the load', async () => {
    const report = await fixture.load(
      {
        users: ONE_USER,
        user_events: csv(USER_EVENTS, event, 'e1,u1,s1,view,2025-01-15', event),
      },
      { arrival: 'now', now: undefined },
    );
    expect(report).toMatchObject({
      loaded: { user_events: 1 },
      unchanged: { user_events: 1 },
      rejected: { user_events: { conflicting_duplicate: 1 } },
    });
    expect(await rejectedRows(fixture.database)).toEqual([
      'user_events.csv:2 conflicting_duplicate',
    ]);
  });

  it('lets the one that happened first win where arrival is assumed, as its own load would', async () => {
    const earlier = 'e1,u1,s1,view,2025-01-15T00:00:00Z';
    await load(earlier);
    await load(event);
    const oneByOne = await rowsOf(fixture.database, 'user_events');
    await fixture.reset();
    const report = await load(event, earlier);
    expect(await rowsOf(fixture.database, 'user_events')).toEqual(oneByOne);
    expect(report.rejected.user_events).toEqual({ conflicting_duplicate: 1 });
    expect(await rejectedRows(fixture.database)).toEqual([
      'user_events.csv:1 conflicting_duplicate',
    ]);
  });

  it('lets the one that arrived first win where arrival is carried', async () => {
    const header = `${USER_EVENTS},ingested_at`;
    await fixture.load({
      users: ONE_USER,
      user_events: csv(header, `${event},2025-02-03`, `${event},2025-02-02`),
    });
    const [row] = await fixture.database
      .sql`SELECT ingested_at::text AS at FROM raw_data.user_events`;
    expect(row?.at).toBe('2025-02-02 00:00:00+00');
  });

  it('loads after a faulty row with the same id', async () => {
    const report = await load('e1,u9,s1,login,2025-02-01', event);
    expect(report).toMatchObject({
      loaded: { user_events: 1 },
      rejected: { user_events: { unknown_user: 1 } },
    });
  });

  it('keeps its first arrival when it is sent again', async () => {
    const header = `${USER_EVENTS},ingested_at`;
    await fixture.load({ users: ONE_USER, user_events: csv(header, `${event},2025-02-02`) });
    const report = await fixture.load({
      users: ONE_USER,
      user_events: csv(header, `${event},2025-02-03`),
    });
    expect(report.unchanged.user_events).toBe(1);
  });

  it('is a conflict for a user with another country, even from none', async () => {
    const users = (country: string) =>
      csv(`${USERS},country`, `u1,2025-01-01,free,${country}`, 'u2,2025-01-01,free,NL');
    await fixture.load({ users: users('') });
    const report = await fixture.load({ users: users('NL') });
    expect(report.rejected.users).toEqual({ conflicting_duplicate: 1 });
  });
});

describe('arrival', () => {
  const files = { users: ONE_USER, user_events: csv(USER_EVENTS, 'e1,u1,s1,login,2025-02-01') };
  const arrivals = async () => {
    const [batch] = await fixture.database.sql`SELECT arrival FROM ops.load_batches`;
    const [event] = await fixture.database
      .sql`SELECT ingested_at::text AS at, ingested_at = event_time AS assumed, ingested_at > clock_timestamp() - interval '1 minute' AS recent FROM raw_data.user_events`;
    return { ...event, arrival: batch?.arrival };
  };

  it('is the event time where the source does not say', async () => {
    await fixture.load(files);
    expect(await arrivals()).toMatchObject({ arrival: 'assumed', assumed: true });
  });

  it('is the clock of the database when asked for', async () => {
    await fixture.load(files, { arrival: 'now', now: undefined });
    expect(await arrivals()).toMatchObject({ arrival: 'now', recent: true });
  });

  it('is what the source carries, whatever is asked for', async () => {
    await fixture.load(
      {
        users: csv(`${USERS},ingested_at`, 'u1,2025-01-01,free,2025-01-02'),
        user_events: csv(`${USER_EVENTS},ingested_at`, 'e1,u1,s1,login,2025-02-01,2025-03-01'),
      },
      { arrival: 'now' },
    );
    expect(await arrivals()).toMatchObject({ arrival: 'carried', at: '2025-03-01 00:00:00+00' });
  });
});

describe('completeness', () => {
  const event = (id: string, time: string) => csv(USER_EVENTS, `${id},u1,s1,login,${time}`);
  const complete = async () => (await takeKnowledge(fixture.database)).completeThrough;

  it('is the greatest accepted user event by default', async () => {
    await fixture.load({
      users: ONE_USER,
      user_events: csv(
        USER_EVENTS,
        'e1,u1,s1,login,2025-02-01T00:00:00.000001Z',
        'e2,u1,s1,login,2025-01-05',
        'e3,u9,s1,login,2025-06-01',
        'e1,u1,s1,login,2025-07-01',
      ),
    });
    expect(await complete()).toBe('2025-02-01T00:00:00.000001Z');
  });

  it('is what the load says, and never goes back', async () => {
    await fixture.load(
      { users: ONE_USER, user_events: event('e1', '2025-02-01') },
      { completeThrough: parseInstant('2025-03-01') },
    );
    await fixture.load({ users: ONE_USER, user_events: event('e2', '2025-02-02') });
    expect(await complete()).toBe('2025-03-01T00:00:00.000000Z');
  });

  it('is refused in the future, since it could never be taken back', async () => {
    const load = fixture.load({ users: ONE_USER }, { completeThrough: parseInstant('2999-01-01') });
    await expect(load).rejects.toMatchObject({
      code: 'INVALID_IMPORT',
      message: expect.stringMatching(/complete-through lies in the future/),
    });
    expect(await rowsOf(fixture.database, 'users')).toHaveLength(0);
  });

  it('moves when it is later, though nothing else is new', async () => {
    const files = { users: ONE_USER, user_events: event('e1', '2025-02-01') };
    const loadUpTo = async (day: string) => {
      const report = await fixture.load(files, { completeThrough: parseInstant(day) });
      return [report.batch, await complete()];
    };
    const [march, later] = ['2025-03-01T00:00:00.000000Z', '2025-03-01T00:00:00.000001Z'];
    expect(await loadUpTo(march)).toEqual([1, march]);
    expect(await loadUpTo(march)).toEqual([null, march]);
    expect(await loadUpTo('2025-02-15')).toEqual([null, march]);
    expect(await loadUpTo(later)).toEqual([2, later]);
    expect(await loadUpTo(later)).toEqual([null, later]);
    const [batch] = await fixture.database
      .sql`SELECT loaded->'user_events' AS loaded, unchanged->'user_events' AS unchanged FROM ops.load_batches WHERE batch = 2`;
    expect(batch).toEqual({ loaded: 0, unchanged: 1 });
    // A period in which nobody came is what it is for.
    const silent = { completeThrough: parseInstant('2025-04-01') };
    expect((await fixture.load({ users: ONE_USER }, silent)).batch).toBe(3);
    expect(await complete()).toBe('2025-04-01T00:00:00.000000Z');
  });

  it.each([
    ['a header alone', csv(USER_EVENTS)],
    ['only bad rows', csv(USER_EVENTS, 'e1,u9,s1,login,2025-02-01')],
    ['no file at all', undefined],
  ])('is what the load says, though its user events are %s', async (_what, events) => {
    const files = { users: ONE_USER, ...(events ? { user_events: events } : {}) };
    await fixture.load(files, { completeThrough: parseInstant('2025-03-01') });
    expect(await complete()).toBe('2025-03-01T00:00:00.000000Z');
  });

  it('is not moved by a load without user events that does not say', async () => {
    await fixture.load({
      users: ONE_USER,
      billing_events: csv(BILLING_EVENTS, 'b1,u1,refund,1,2025-05-01'),
    });
    expect(await complete()).toBeNull();
  });
});

describe('the CDNOW sample', () => {
  it('loads whole', async () => {
    const report = await fixture.load({}, { folder: path.resolve('examples/cdnow') });
    expect(report).toMatchObject({
      batch: 1,
      loaded: { users: 2357, plan_changes: 0, user_events: 13_838, billing_events: 6911 },
      rejected: { users: {}, plan_changes: {}, user_events: {}, billing_events: {} },
    });
    const [sum] = await fixture.database
      .sql`SELECT sum(amount_cents)::text AS cents FROM raw_data.billing_events`;
    expect(Number(sum?.cents)).toBeGreaterThan(0);
  });
});

it('numbers batches in commit order and stores their counts', async () => {
  await fixture.load({ users: ONE_USER });
  await fixture.load({
    users: csv(USERS, 'u1,2025-01-01T00:00:00Z,free', 'u2,2025-01-01,free', 'u3,never,free'),
  });
  const batches = await fixture.database.sql`
    SELECT batch, source, loaded->'users' AS loaded, unchanged->'users' AS unchanged, rejected->'users' AS rejected FROM ops.load_batches ORDER BY batch`;
  expect([...batches]).toEqual([
    { batch: 1, source: 'import', loaded: 1, unchanged: 0, rejected: 0 },
    { batch: 2, source: 'import', loaded: 1, unchanged: 1, rejected: 1 },
  ]);
});

it('takes another currency as long as there are no amounts, and refuses it afterwards', async () => {
  await fixture.load({ users: ONE_USER }, { currency: 'USD' });
  const bill = csv(BILLING_EVENTS, 'b1,u1,charge_succeeded,1,2025-02-01');
  await fixture.load({ users: ONE_USER, billing_events: bill }, { currency: 'EUR' });
  await expect(fixture.load({ users: ONE_USER }, { currency: 'USD' })).rejects.toMatchObject({
    code: 'INVALID_SETTING',
  });
});

it('refuses amounts that an earlier release stored as hundredths of a currency that has none', async () => {
  const bill = csv(BILLING_EVENTS, 'b1,u1,charge_succeeded,1,2025-02-01');
  const files = { users: ONE_USER, billing_events: bill };
  await fixture.load(files, { currency: 'JPY' });
  expect(await fixture.load(files, { currency: 'JPY' })).toMatchObject({ batch: null });
  await fixture.database.sql`UPDATE ops.installation SET minor_unit_digits = NULL`;
  await expect(fixture.load(files, { currency: 'JPY' })).rejects.toMatchObject({
    code: 'INVALID_SETTING',
    message: expect.stringContaining('as if JPY had 2 decimals, but it has 0'),
  });
  await fixture.database.sql`TRUNCATE raw_data.billing_events`;
  expect(await fixture.load(files, { currency: 'JPY' })).toMatchObject({ batch: 2 });
});

it('goes on where an earlier release stored hundredths of a currency that has them', async () => {
  const bill = csv(BILLING_EVENTS, 'b1,u1,charge_succeeded,1,2025-02-01');
  const files = { users: ONE_USER, billing_events: bill };
  await fixture.load(files);
  await fixture.database.sql`UPDATE ops.installation SET minor_unit_digits = NULL`;
  expect(await fixture.load(files)).toMatchObject({ unchanged: { billing_events: 1 } });
});

it('reports progress table by table', async () => {
  const seen = new Set<string>();
  await importFolder({
    database: fixture.database,
    folder: fixture.write({
      users: ONE_USER,
      plan_changes: csv(PLAN_CHANGES, 'c1,u1,pro,2025-02-01'),
    }),
    scratchDir: fixture.scratchDir,
    openDuckDb: fixture.openDuckDb,
    currency: 'USD',
    arrival: 'assumed',
    rejectedLimits: REJECTED_LIMITS,
    now: () => NOW,
    onProgress: ({ table, phase, rows }) => seen.add(`${phase} ${table} ${rows}`),
  });
  // Of files, lines are counted while they are read, and rows from then on.
  expect([...seen]).toEqual([
    'reading users 2',
    'reading plan_changes 2',
    'cleaning users 1',
    'cleaning plan_changes 1',
    'copying users 1',
    'loaded users 1',
    'copying plan_changes 1',
    'loaded plan_changes 1',
  ]);
});
