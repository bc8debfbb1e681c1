import { ensureInstallation } from '../../../packages/raw-data/installation';
import { betweenLoads, withLoadLock } from '../../../packages/raw-data/load-lock';
import { takeKnowledge } from '../../../packages/raw-data/take-knowledge';
import { completeThroughOf } from '../../support/complete-through-of';
import {
  createRawDataFixture,
  csv,
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

const files = {
  users: csv(USERS, 'u1,2025-01-01,free'),
  user_events: csv(USER_EVENTS, 'e1,u1,s1,login,2025-02-01'),
};

/** Resolves once some session of this database waits for such a lock. */
async function someoneWaits(locktype: 'advisory' | 'relation'): Promise<void> {
  for (;;) {
    const waiting = await fixture.database.sql`
      SELECT FROM pg_locks WHERE locktype = ${locktype} AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    if (waiting.length > 0) return;
  }
}

describe('knowledge', () => {
  it('is batch 0 and the clock before any load', async () => {
    const { at, batch, completeThrough } = await takeKnowledge(fixture.database);
    expect(batch).toBe(0);
    expect(at).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/);
    expect(completeThrough).toBeNull();
  });

  it('waits for a load that is under way, and has its batch', async () => {
    const order: string[] = [];
    let taken: Promise<void> | undefined;
    await withLoadLock(fixture.database, { source: 'import' }, async (tx) => {
      taken = takeKnowledge(fixture.database).then(({ batch }) => {
        order.push(`knows batch ${batch}`);
      });
      await someoneWaits('advisory');
      await tx`
        INSERT INTO ops.load_batches (batch, source, arrival, committed_at, loaded, unchanged, rejected)
        VALUES (1, 'import', 'now', clock_timestamp(), '{}', '{}', '{}')`;
      order.push('load ends');
    });
    await taken;
    expect(order).toEqual(['load ends', 'knows batch 1']);
  });

  it('is later than every arrival of a load at load time', async () => {
    await fixture.load(files, { arrival: 'now', now: undefined });
    const latest = await takeKnowledge(fixture.database);
    const late = await fixture.database.sql`
      SELECT FROM raw_data.user_events WHERE ingested_at > ${latest.at}::text::timestamptz`;
    expect(latest.batch).toBe(1);
    expect(late).toHaveLength(0);
  });

  it('never lies before the last commit, even when the clock was set back', async () => {
    await fixture.load(files);
    await fixture.database.sql`UPDATE ops.load_batches SET committed_at = '2100-01-01'`;
    const latest = await takeKnowledge(fixture.database);
    expect(latest.at).toBe('2100-01-01T00:00:00.000000Z');
  });

  it('has the completeness of the batches up to one', async () => {
    await fixture.load(files);
    await fixture.load({ ...files, user_events: csv(USER_EVENTS, 'e2,u1,s1,login,2025-03-01') });
    const texts = await Promise.all(
      [0, 1, 2].map((batch) => completeThroughOf(fixture.database, batch)),
    );
    expect(texts).toEqual([null, '2025-02-01T00:00:00.000000Z', '2025-03-01T00:00:00.000000Z']);
  });
});

describe('loads side by side', () => {
  it('get batches of their own and all their rows', async () => {
    const reports = await Promise.all(
      [1, 2, 3, 4].map((n) =>
        fixture.load({ users: csv(USERS, `u${n},2025-01-01,free`, 'all,2025-01-01,free') }),
      ),
    );
    expect(reports.map((report) => report.batch).sort()).toEqual([1, 2, 3, 4]);
    const users = await fixture.database.sql`SELECT user_id FROM raw_data.users`;
    expect(users).toHaveLength(5);
  });

  it('leave nothing when one is cancelled in the middle', async () => {
    let load: Promise<unknown> | undefined;
    await fixture.database.sql.begin(async (tx) => {
      // Users go in; user events have to wait for this lock, and are cancelled meanwhile.
      await tx`LOCK TABLE raw_data.user_events IN SHARE MODE`;
      load = fixture.load(files).then(
        () => 'loaded',
        (error: unknown) => error,
      );
      await someoneWaits('relation');
      await tx`
        SELECT pg_cancel_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    });
    expect(await load).toMatchObject({ message: expect.stringContaining('user request') });
    expect(await fixture.database.sql`SELECT FROM raw_data.users`).toHaveLength(0);
    expect(await fixture.load(files)).toMatchObject({ batch: 1 });
  });

  it('leave nothing when one is aborted in a query, which ends at once', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    await fixture.database.sql.begin(async (tx) => {
      await tx`LOCK TABLE raw_data.user_events IN SHARE MODE`;
      const load = fixture.load(files, { signal: controller.signal });
      const aborted = expect(load).rejects.toBe(reason);
      await someoneWaits('relation');
      controller.abort(reason);
      await aborted;
    });
    expect(await fixture.database.sql`SELECT FROM raw_data.users`).toHaveLength(0);
    expect(await fixture.load(files)).toMatchObject({ batch: 1 });
  });

  it('are there where the abort comes after the commit, and do no harm to the next one', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    expect(await fixture.load(files, { signal })).toMatchObject({ batch: 1 });
    // On the same connection.
    await withLoadLock(fixture.database, { source: 'import' }, async (tx) => {
      controller.abort();
      await tx`SELECT pg_sleep(0.2)`;
      expect(await tx`SELECT FROM raw_data.users`).toHaveLength(1);
    });
    await expect(fixture.load(files, { signal })).rejects.toBe(signal.reason);
  });
});

describe('who waits for a load', () => {
  const importing = { source: 'import' } as const;
  /** Renews at once, or never; nobody waits for long. */
  const quick = { renewMillis: 10, silentMillis: 60_000 };
  const silent = { renewMillis: 3_600_000, silentMillis: 60_000 };
  /** Far longer than what is waited for takes. */
  const WAIT_MILLIS = 5_000;
  const plan = () =>
    betweenLoads(fixture.database, { waitMillis: 50, times: quick }, async () => 'planned');

  /** As if two minutes had passed. */
  const age = () => fixture.database.sql`
    UPDATE ops.lock_leases SET renewed_at = renewed_at - interval '2 minutes'`;

  async function untilLease(condition: string): Promise<void> {
    const { sql } = fixture.database;
    for (;;) {
      const found = await sql`SELECT FROM ops.lock_leases WHERE ${sql.unsafe(condition)}`;
      if (found.length > 0) return;
    }
  }

  it('is told, when it has waited, which load runs and how far it is', async () => {
    await withLoadLock(fixture.database, { ...importing, times: quick }, async (_tx, lease) => {
      await expect(plan()).rejects.toMatchObject({
        code: 'LOAD_RUNNING',
        message: expect.stringMatching(/\(an import, since \d{4}-/),
      });
      lease.tell({ batch: 7 });
      const progress = { table: 'user_events', phase: 'copying', rows: 300, total: 1_000 } as const;
      lease.tell({ progress });
      await untilLease(`state -> 'progress' ->> 'rows' = '300'`);
      await expect(plan()).rejects.toMatchObject({
        message: expect.stringMatching(
          /\(an import, batch 7, since \S+Z; copying user_events, 300 of 1000 rows\)/,
        ),
        details: { source: 'import', batch: 7, table: 'user_events', rows: 300, total: 1_000 },
      });
    });
    expect(await plan()).toBe('planned');
    expect(await fixture.database.sql`SELECT FROM ops.lock_leases`).toHaveLength(0);
  });

  it('is told meanwhile which load it is and how far it has come', async () => {
    const listeners = new Set<(load: string) => void>();
    const told = (text: RegExp) =>
      new Promise<void>((resolve) => listeners.add((load) => text.test(load) && resolve()));
    const onWaiting = (load: string) => listeners.forEach((listen) => listen(load));
    let planned: Promise<string> | undefined;
    await withLoadLock(fixture.database, { ...importing, times: quick }, async (_tx, lease) => {
      const first = told(/^an import, since \S+Z$/);
      const later = told(/^an import, batch 7, since \S+Z; copying user_events, 300 of 1000 rows$/);
      const options = { waitMillis: WAIT_MILLIS, times: quick, waiting: { onWaiting } };
      planned = betweenLoads(fixture.database, options, async () => 'planned');
      await Promise.race([first, planned]);
      const progress = { table: 'user_events', phase: 'copying', rows: 300, total: 1_000 } as const;
      lease.tell({ batch: 7, progress });
      await Promise.race([later, planned]);
    });
    expect(await planned).toBe('planned');
  });

  it.each(['a load', 'a plan'])('stops waiting at once when it is told to: %s', async (who) => {
    const work = jest.fn(async () => 'not this');
    await withLoadLock(fixture.database, importing, async () => {
      const leaver = new AbortController();
      const waiting = { signal: leaver.signal };
      const left =
        who === 'a load'
          ? withLoadLock(fixture.database, { ...importing, waiting }, work)
          : betweenLoads(fixture.database, { waitMillis: null, waiting }, work);
      await someoneWaits('advisory');
      const late = betweenLoads(fixture.database, { waitMillis: WAIT_MILLIS }, work);
      late.catch(() => {});
      leaver.abort(new Error('left'));
      await expect(Promise.race([left, late])).rejects.toThrow('left');
      const after = betweenLoads(fixture.database, { waitMillis: null, waiting }, work);
      await expect(after).rejects.toThrow('left');
    });
    expect(await plan()).toBe('planned');
  });

  it('ends one that was silent for a minute, which leaves nothing and learns why', async () => {
    const frozen = withLoadLock(fixture.database, { ...importing, times: silent }, async (tx) => {
      await tx`
          INSERT INTO raw_data.users (user_id, signup_time, plan, ingested_at, batch)
          VALUES ('of the frozen', now(), 'free', now(), 1)`;
      await age();
      const report = await fixture.load(files);
      expect(report).toMatchObject({ batch: 1, loaded: { users: 1 } });
      await tx`SELECT 'it wakes'`;
    });
    await expect(frozen).rejects.toMatchObject({
      code: 'LEASE_EXPIRED',
      details: { seconds: 60, activity: 'loading data' },
    });
    const users = await fixture.database.sql`SELECT user_id FROM raw_data.users`;
    expect([...users]).toEqual([{ user_id: 'u1' }]);
  });

  it('lets one go on that renews its lease, however long it takes', async () => {
    await withLoadLock(fixture.database, { ...importing, times: quick }, async (tx) => {
      await age();
      await untilLease(`renewed_at > clock_timestamp() - interval '30 seconds'`);
      await expect(plan()).rejects.toMatchObject({ code: 'LOAD_RUNNING' });
      expect(await tx`SELECT 'it goes on'`).toHaveLength(1);
    });
  });

  it('takes no row of a load that is gone for one that runs', async () => {
    await withLoadLock(fixture.database, { ...importing, times: silent }, async (_tx, lease) => {
      lease.tell({ batch: 7 });
      const { sql } = fixture.database;
      await sql`UPDATE ops.lock_leases SET backend_start = backend_start - interval '1 day'`;
      await expect(plan()).rejects.toMatchObject({
        code: 'LOAD_RUNNING',
        details: { load: 'nothing more is known of it' },
      });
    });
  });
});

describe('the installation', () => {
  it('is made once, whoever asks first', async () => {
    const made = await Promise.all(
      [1, 2, 3].map(() => ensureInstallation(fixture.database, { currency: 'EUR' })),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(made[0]).toMatchObject({
      source: null,
      world: null,
      currency: 'EUR',
      loadedThrough: null,
    });
  });

  it.each(['eur', '', 'XAU', 'ABC'])('refuses the currency %j', async (currency) => {
    await ensureInstallation(fixture.database, { currency: 'EUR' });
    await expect(ensureInstallation(fixture.database, { currency })).rejects.toMatchObject({
      code: 'INVALID_SETTING',
    });
  });
});
