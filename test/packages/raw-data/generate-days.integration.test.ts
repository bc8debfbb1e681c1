import { parseInstant, type EpochMicros } from '../../../packages/instants/epoch-micros';
import type {
  ArrivedRows,
  GenerateArrivals,
} from '../../../packages/raw-data/sources/arrived-rows';
import { generateDays, type GenerateOptions } from '../../../packages/raw-data/generate-days';
import type { SyntheticWorld } from '../../../packages/contracts/synthetic-world';
import { readInstallation } from '../../../packages/raw-data/installation';
import { takeKnowledge } from '../../../packages/raw-data/take-knowledge';
import { createRawDataFixture, csv, rowsOf, USERS, type RawDataFixture } from './raw-data-fixture';

let fixture: RawDataFixture;
beforeAll(async () => {
  fixture = await createRawDataFixture();
});
beforeEach(() => fixture.reset());
afterAll(() => fixture.remove());

const HOUR = 3_600_000_000n;

/** A world in which a user signs up each day at noon and logs in an hour later, known at once or two days late. */
const oneUserADay: GenerateArrivals = ({ users, start }, { after, through }) => {
  const days = Array.from({ length: users }, (_, day) => {
    const signupTime = parseInstant(start) + BigInt(day) * 24n * HOUR + 12n * HOUR;
    const arrivals = [signupTime + HOUR + 1n, signupTime + 49n * HOUR];
    return { userId: `u"${day}`, signupTime, arrivals };
  });
  const arrives = ({ ingestedAt }: { ingestedAt: EpochMicros }) =>
    ingestedAt > after && ingestedAt <= through;
  const userEvents = days.flatMap(({ userId, signupTime, arrivals }) =>
    arrivals.map((ingestedAt, n) => ({
      eventId: `${userId}-${n}`,
      userId,
      sessionId: `${userId}, first`,
      eventType: 'login',
      eventTime: signupTime + HOUR,
      ingestedAt,
    })),
  );
  const rows: ArrivedRows = {
    users: days.map(({ userId, signupTime }) => ({
      userId,
      signupTime,
      plan: 'free',
      country: null,
      ingestedAt: signupTime,
    })),
    planChanges: days.map(({ userId, signupTime }) => ({
      changeId: `c-${userId}`,
      userId,
      plan: 'pro',
      eventTime: signupTime,
      ingestedAt: signupTime,
    })),
    userEvents,
    billingEvents: days.map(({ userId, signupTime }) => ({
      eventId: `b-${userId}`,
      userId,
      eventType: 'charge_succeeded',
      amountCents: 999,
      currency: 'USD',
      eventTime: signupTime,
      ingestedAt: signupTime,
    })),
  };
  return {
    users: [...rows.users].filter(arrives),
    planChanges: [...rows.planChanges].filter(arrives),
    userEvents: [...rows.userEvents].filter(arrives),
    billingEvents: [...rows.billingEvents].filter(arrives),
  };
};

const generate = (from: string, to: string, options: Partial<GenerateOptions> = {}) =>
  generateDays({
    database: fixture.database,
    scratchDir: fixture.scratchDir,
    openDuckDb: fixture.openDuckDb,
    currency: 'USD',
    generateArrivals: oneUserADay,
    world: { version: 2, seed: 1, users: 20 },
    from,
    to,
    ...options,
  });

const allRows = async () => [
  await rowsOf(fixture.database, 'users'),
  await rowsOf(fixture.database, 'plan_changes'),
  await rowsOf(fixture.database, 'user_events'),
  await rowsOf(fixture.database, 'billing_events'),
];

describe('simulated time', () => {
  it('brings what arrives until the last day 01:00Z, and makes that moment now', async () => {
    const report = await generate('2030-01-01', '2030-01-04');
    expect(report).toMatchObject({
      batch: 1,
      loaded: { users: 3, plan_changes: 3, user_events: 4, billing_events: 3 },
    });
    expect(await takeKnowledge(fixture.database)).toEqual({
      at: '2030-01-04T01:00:00.000000Z',
      batch: 1,
      completeThrough: '2030-01-04T01:00:00.000000Z',
    });
  });

  it('is the same in one load and day by day', async () => {
    await generate('2030-01-01', '2030-01-10');
    const atOnce = await allRows();
    await fixture.reset();
    for (let day = 1; day <= 10; day += 1) {
      const date = `2030-01-${String(day).padStart(2, '0')}`;
      await generate(date, date);
    }
    expect(await allRows()).toEqual(atOnce);
  });

  it('keeps microseconds from end to end', async () => {
    await generate('2030-01-01', '2030-01-02');
    const [event] = await fixture.database
      .sql`SELECT ingested_at::text AS at FROM raw_data.user_events`;
    expect(event?.at).toBe('2030-01-01 13:00:00.000001+00');
  });

  it('loads nothing for days that are loaded', async () => {
    await generate('2030-01-01', '2030-01-10');
    const report = await generate('2030-01-03', '2030-01-10');
    expect(report).toMatchObject({ batch: null, loaded: { users: 0 } });
    expect((await takeKnowledge(fixture.database)).batch).toBe(1);
  });

  it('goes on over days on which nothing arrives, and says that they are complete', async () => {
    await generate('2030-01-01', '2030-01-30');
    const report = await generate('2030-01-31', '2030-02-02');
    expect(report).toMatchObject({ batch: 2, loaded: { user_events: 0 } });
    const { completeThrough } = await takeKnowledge(fixture.database);
    expect(completeThrough).toBe('2030-02-02T01:00:00.000000Z');
    const { loadedThrough, source } = await readInstallation(fixture.database.sql);
    expect({ loadedThrough, source }).toEqual({
      loadedThrough: parseInstant('2030-02-02T01:00Z'),
      source: 'synthetic',
    });
  });

  it('records the world at first and takes it from there afterwards', async () => {
    await generate('2030-01-01', '2030-01-02');
    const report = await generate('2030-01-02', '2030-01-03', { world: {} });
    expect(report.loaded.users).toBe(1);
    expect((await readInstallation(fixture.database.sql)).world).toEqual({
      version: 2,
      seed: 1,
      users: 20,
      start: '2030-01-01',
    });
  });

  it('extends a world recorded without a version as one of version 1', async () => {
    await generate('2030-01-01', '2030-01-02', { world: { version: 1, seed: 1, users: 20 } });
    await fixture.database.sql`UPDATE ops.installation SET world = world - 'version'`;
    await expect(generate('2030-01-03', '2030-01-03')).rejects.toMatchObject({
      code: 'WORLD_MISMATCH',
    });
    const asked: SyntheticWorld[] = [];
    const generateArrivals: GenerateArrivals = (world, window) => {
      asked.push(world);
      return oneUserADay(world, window);
    };
    await generate('2030-01-03', '2030-01-03', { world: {}, generateArrivals });
    expect(asked).toEqual([{ version: 1, seed: 1, users: 20, start: '2030-01-01' }]);
  });

  it('loads each row once when two generate the same days', async () => {
    const reports = await Promise.all([
      generate('2030-01-01', '2030-01-05'),
      generate('2030-01-01', '2030-01-05'),
    ]);
    expect(reports.map(({ batch }) => batch).sort()).toEqual([1, null]);
    expect(await rowsOf(fixture.database, 'users')).toHaveLength(4);
  });

  it('still rejects rows in another currency', async () => {
    const report = await generate('2030-01-01', '2030-01-02', { currency: 'EUR' });
    expect(report.rejected.billing_events).toEqual({ other_currency: 1 });
  });
});

describe('a generate that is refused', () => {
  it('would leave a gap', async () => {
    await generate('2030-01-01', '2030-01-05');
    await expect(generate('2030-01-07', '2030-01-08')).rejects.toMatchObject({
      code: 'GENERATE_GAP',
      details: { latestStart: '2030-01-06' },
    });
    expect(await generate('2030-01-06', '2030-01-07')).toMatchObject({ batch: 2 });
  });

  it('begins after its world does', async () => {
    const world = { version: 2, seed: 1, users: 5, start: '2030-01-01' };
    await expect(generate('2030-01-02', '2030-01-08', { world })).rejects.toMatchObject({
      code: 'GENERATE_GAP',
      details: { latestStart: '2030-01-01' },
    });
  });

  it.each([{ version: 1 }, { seed: 2 }, { users: 21 }, { start: '2029-12-31' }])(
    'is of another world: %j',
    async (other) => {
      await generate('2030-01-01', '2030-01-05');
      const world = { version: 2, seed: 1, users: 20, start: '2030-01-01', ...other };
      await expect(generate('2030-01-06', '2030-01-06', { world })).rejects.toMatchObject({
        code: 'WORLD_MISMATCH',
      });
    },
  );

  it('ends before it begins', async () => {
    await expect(generate('2030-01-02', '2030-01-01')).rejects.toMatchObject({
      code: 'INVALID_DATE_RANGE',
    });
  });

  it.each([
    { version: 2, seed: 1 },
    { version: 2, users: 20 },
    { seed: 1, users: 20 },
  ])('does not say which world at first: %j', async (world) => {
    await expect(generate('2030-01-01', '2030-01-02', { world })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
  });

  it('is on an installation with imported data, and the other way round', async () => {
    const files = { users: csv(USERS, 'u1,2025-01-01,free') };
    await fixture.load(files);
    await expect(generate('2030-01-01', '2030-01-02')).rejects.toMatchObject({
      code: 'SOURCE_MISMATCH',
    });
    await fixture.reset();
    await generate('2030-01-01', '2030-01-02');
    await expect(fixture.load(files)).rejects.toMatchObject({ code: 'SOURCE_MISMATCH' });
  });
});
