import { mkdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { copyToParquet, quoteLiteral, readParquet, type DuckDb } from '../../../packages/duckdb';
import { condensedLog, condenseSegments } from '../../../packages/raw-data/condense-events';
import { createScratchDirectory } from '../../environment/scratch-directory';
import { openTestDuckDb } from '../features/raw-log-fixture';

const DAY = 86_400_000_000n;
const START = 19_000n * DAY;

interface Event {
  readonly user: string;
  readonly session: string;
  readonly type: string;
  readonly at: bigint;
}

/** What is left of events: the first of each row, and when the last of the row happened. */
type Condensed = Event & { readonly last: bigint };

const event = (session: string, type: string, at: bigint, user = 'u'): Event => {
  return { user, session, type, at: START + at };
};

describe('condensed events', () => {
  const scratch = createScratchDirectory();
  let duckDb: DuckDb;

  beforeAll(async () => {
    duckDb = await openTestDuckDb(scratch.path, 1);
  });

  afterAll(() => {
    duckDb.close();
    scratch.remove();
  });

  let written = 0;

  async function condense(
    events: readonly Event[],
    types: readonly string[],
  ): Promise<Condensed[]> {
    const rawLogDir = path.join(scratch.path, `log${(written += 1)}`);
    const log = condensedLog(rawLogDir, types);
    const segment = path.join(rawLogDir, 'batch=000001', 'user_events.parquet');
    await write(duckDb, segment, events);
    await condenseSegments(duckDb, { rawLogDir, log }, [segment]);
    return duckDb.rows<Condensed & Record<string, unknown>>(`SELECT user_id AS user,
      session_id AS session, event_type AS type, epoch_us(event_time) AS "at",
      epoch_us(last_event_time) AS last FROM ${readParquet([log.fileOf(segment)])}`);
  }

  const login = event('s', 'login', 1n);
  const view = event('s', 'view', 2n);
  const nextDay = event('s', 'view', DAY + 2n);
  it.each<[string, readonly Event[], readonly (readonly [Event, bigint])[]]>([
    ['are none of none', [], []],
    ['are an event that is alone', [login], [[login, 1n]]],
    ['go on with the session', [login, view, event('s', 'view', 9n)], [[login, 9n]]],
    [
      'begin anew with another session',
      [login, event('t', 'view', 2n), event('s', 'view', 3n)],
      [
        [login, 1n],
        [event('t', 'view', 2n), 2n],
        [event('s', 'view', 3n), 3n],
      ],
    ],
    [
      'begin anew with another user',
      [login, event('s', 'view', 2n, 'v')],
      [
        [login, 1n],
        [event('s', 'view', 2n, 'v'), 2n],
      ],
    ],
    [
      'begin anew with a type that needs rows of its own',
      [view, event('s', 'login', 3n), event('s', 'view', 4n)],
      [
        [view, 2n],
        [event('s', 'login', 3n), 4n],
      ],
    ],
    ['go on with an event a day later', [view, nextDay], [[view, DAY + 2n]]],
    [
      'begin anew after more than a day',
      [login, nextDay],
      [
        [login, 1n],
        [nextDay, DAY + 2n],
      ],
    ],
  ])('%s', async (_what, events, expected) => {
    const rows = expected.map(([first, last]) => ({ ...first, last: START + last }));
    expect(await condense(events, ['login'])).toEqual(rows);
  });

  it('are the same for any events as when they are gone through one by one', async () => {
    const some = fc.record({
      user: fc.constantFrom('a', 'b'),
      session: fc.constantFrom('s', 't'),
      type: fc.constantFrom('login', 'view', 'click'),
      at: fc
        .record({ days: fc.bigInt(0n, 3n), beside: fc.constantFrom(-1n, 0n, 1n) })
        .map(({ days, beside }) => START + days * DAY + beside),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(some, { maxLength: 30 }),
        fc.subarray(['login', 'view']),
        async (events, types) => {
          const sorted = [...events].sort((one, other) =>
            one.user === other.user ? Number(one.at - other.at) : one.user < other.user ? -1 : 1,
          );
          expect(await condense(sorted, types)).toEqual(oneByOne(sorted, types));
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  it('are right across row groups', async () => {
    const rawLogDir = path.join(scratch.path, 'large');
    const log = condensedLog(rawLogDir, ['login']);
    const segment = path.join(rawLogDir, 'batch=000001', 'user_events.parquet');
    await writeRows(
      duckDb,
      segment,
      `SELECT 'e' AS event_id, 'u' || (i // 1_000 + 1_000) AS user_id, 's' || i // 3 AS session_id,
        'view' AS event_type, make_timestamptz(i * 1_000_000) AS event_time,
        make_timestamptz(0) AS ingested_at, 1 AS batch FROM range(300_000) AS r(i)`,
    );
    await condenseSegments(duckDb, { rawLogDir, log }, [segment]);
    // Sessions of three events, which the end of a user cuts in two.
    const [found] = await duckDb.rows(`SELECT count(*) AS differ FROM (
      (SELECT user_id, session_id, min(event_time), max(event_time)
        FROM ${readParquet([segment])} GROUP BY user_id, session_id)
      EXCEPT ALL (SELECT user_id, session_id, event_time, last_event_time
        FROM ${readParquet([log.fileOf(segment)])}))`);
    expect(found).toEqual({ differ: 0n });
  });
});

function oneByOne(events: readonly Event[], types: readonly string[]): Condensed[] {
  const rows: Condensed[] = [];
  for (const each of events) {
    const row = rows.at(-1);
    const goesOn =
      row?.user === each.user &&
      row.session === each.session &&
      each.at - row.last <= DAY &&
      !types.includes(each.type);
    if (goesOn) rows[rows.length - 1] = { ...row, last: each.at };
    else rows.push({ ...each, last: each.at });
  }
  return rows;
}

async function write(duckDb: DuckDb, segment: string, events: readonly Event[]): Promise<void> {
  const none = `SELECT NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::BIGINT WHERE false`;
  const rows = events.map(
    ({ user, session, type, at }) =>
      `SELECT ${[user, session, type].map(quoteLiteral).join(', ')}, ${at}`,
  );
  await writeRows(
    duckDb,
    segment,
    `SELECT 'e' AS event_id, user_id, session_id, event_type, make_timestamptz(micros) AS event_time,
      make_timestamptz(0) AS ingested_at, 1 AS batch
    FROM (${[none, ...rows].join(' UNION ALL ')}) AS r(user_id, session_id, event_type, micros)`,
  );
}

async function writeRows(duckDb: DuckDb, segment: string, rows: string): Promise<void> {
  mkdirSync(path.dirname(segment), { recursive: true });
  await duckDb.run(copyToParquet(rows, segment, 'log'));
}
