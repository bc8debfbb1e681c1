import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readParquet } from '../../packages/duckdb/open-duckdb';
import { addDays } from '../../packages/instants/logical-date';
import { openTestApplication, quietly, type TestApplication } from './open-test-platform';

const END = '2024-03-10';
const SERVED = '2024-03-01';

describe('churn history', () => {
  let application: TestApplication;
  let spine: string;
  let out: string;

  beforeAll(async () => {
    application = await openTestApplication();
    const world = { users: 20, seed: 42 };
    await application.services.generate({ from: addDays(END, -60), to: SERVED, ...world }, quietly);
    const knowledge = await application.pipelinePorts.takeDailyKnowledge(SERVED);
    await application.pipelinePorts.computeDay(
      { date: SERVED, runId: 'daily', knowledge },
      quietly,
    );
    await application.services.generate({ from: addDays(SERVED, 1), to: END }, quietly);
    spine = path.join(application.dataDir, 'spine.csv');
    out = path.join(application.dataDir, 'out', 'history.parquet');
  });

  afterAll(() => application.remove());

  const history = (lines: readonly string[], knownAt = 'latest') => {
    writeFileSync(spine, `user_id,time\n${lines.join('\n')}\n`);
    return application.services.writeHistory({ spine, out, knownAt }, quietly);
  };

  async function written(): Promise<Record<string, unknown>[]> {
    const duckDb = await application.adapters.openDuckDb();
    try {
      return await duckDb.rows(
        `SELECT * REPLACE (time::VARCHAR AS time, known_at::VARCHAR AS known_at) FROM ${readParquet([out])}`,
      );
    } finally {
      duckDb.close();
    }
  }

  async function someUsers(): Promise<string[]> {
    const rows = await application.adapters.database.sql<{ user_id: string }[]>`
      select user_id from raw_data.users where signup_time < ${'2024-02-15T00:00:00Z'} order by 1`;
    return rows.map((row) => row.user_id);
  }

  /** Damages the inside of a part, in a way that can't be read; its end is as it was. */
  function damage(timelines: string): void {
    const part = path.join(foldersByAge(timelines)[0]!, 'part-0000.lists');
    const bytes = readFileSync(part);
    writeFileSync(part, bytes.fill(0xff, 4, Math.floor(bytes.length / 2)));
  }

  /** The folders of timelines, the oldest first. */
  function foldersByAge(timelines: string): string[] {
    const folders = readdirSync(timelines).map((name) => path.join(timelines, name));
    const age = (folder: string) => statSync(folder).mtimeMs;
    return folders.sort((one, other) => age(one) - age(other));
  }

  it('gives each row what `churn features` gives, in the order of the file', async () => {
    const users = (await someUsers()).slice(0, 4);
    const moments = ['2024-03-09T13:14:15.123457Z', '2024-02-20T00:00:00Z', '2024-03-01T00:00:00Z'];
    const lines = moments.flatMap((at) => users.map((user) => `${user},${at}`));
    for (const knownAt of ['latest', '2024-03-02T00:00:00Z', 'as-served']) {
      const report = await history(lines, knownAt);
      const rows = await written();
      expect(rows.map(({ user_id }) => user_id)).toEqual([...users, ...users, ...users]);
      for (const [index, row] of rows.entries()) {
        const at = moments[Math.floor(index / users.length)]!;
        const question = { userId: users[index % users.length]!, at, knownAt };
        const { features, known_at } = await application.services.userFeatures(question);
        expect({ ...row, known_at: null }).toEqual({
          user_id: question.userId,
          time: expect.stringContaining(at.slice(0, 10)) as string,
          ...features,
          known_at: null,
          reason: null,
        });
        expect(String(row.known_at)).toContain(known_at.slice(0, 10));
      }
      expect(report).toMatchObject({ rows: lines.length, found: lines.length });
    }
  });

  it('makes timelines for many rows, not for a few, and again after a load; they are audited', async () => {
    const { timelines } = application.adapters.paths;
    const lines = (await someUsers()).map((user) => `${user},2024-03-09`);
    rmSync(timelines, { recursive: true, force: true });
    await history(lines.slice(0, 1));
    expect(existsSync(timelines)).toBe(false);
    await history(lines);
    await history(lines.slice(0, 1));
    expect(readdirSync(timelines)).toHaveLength(1);
    await application.services.generate({ from: addDays(END, 1), to: addDays(END, 1) }, quietly);
    const audit = () => application.services.audit('offline', quietly);
    const before = await audit();
    await history(lines);
    expect(readdirSync(timelines)).toHaveLength(2);
    expect(await audit()).toEqual({ ...before, equal: before.equal + 2 });
    const part = path.join(foldersByAge(timelines)[1]!, 'part-0000.lists');
    const bytes = readFileSync(part);
    writeFileSync(part, bytes.fill(7, bytes.length - 8));
    expect(await audit()).toMatchObject({
      mismatched: 1,
      examples: ['timelines part-0000.lists'],
    });
  });

  it('makes none where each row has a K of its own', async () => {
    const { timelines } = application.adapters.paths;
    rmSync(timelines, { recursive: true, force: true });
    await history(
      (await someUsers()).map((user) => `${user},2024-03-09`),
      'as-served',
    );
    expect(existsSync(timelines)).toBe(false);
  });

  it('reads them for a few rows, too, and stops where it is cancelled', async () => {
    const { timelines } = application.adapters.paths;
    const lines = (await someUsers()).map((user) => `${user},2024-03-09`);
    await history(lines);
    damage(timelines);
    writeFileSync(spine, `user_id,time\n${lines[0]}\n`);
    const said: string[] = [];
    const note = (text: string) => void said.push(text);
    await application.services.writeHistory(
      { spine, out, knownAt: 'latest' },
      { ...quietly, note },
    );
    expect(said).toContainEqual(expect.stringContaining('history: without timelines ('));
    const stopping = new AbortController();
    const stop = ({ what }: { what: string }) => {
      said.push(what);
      if (what === 'history: computing') stopping.abort(new Error('enough'));
    };
    said.length = 0;
    const progress = { report: stop, signal: stopping.signal };
    await expect(
      application.services.writeHistory({ spine, out, knownAt: 'latest' }, progress),
    ).rejects.toThrow('enough');
    expect(said).toEqual(['history: computing']);
    rmSync(timelines, { recursive: true });
  });

  it.each<[string, (timelines: string) => void]>([
    [
      'can not be made',
      (timelines) => {
        rmSync(timelines, { recursive: true });
        writeFileSync(timelines, 'not a folder');
      },
    ],
    ['can not be read', damage],
  ])('goes without timelines that %s', async (_what, harm) => {
    const { timelines } = application.adapters.paths;
    const lines = (await someUsers()).map((user) => `${user},2024-03-09T01:02:03Z`);
    rmSync(timelines, { recursive: true, force: true });
    const withoutK = async () =>
      (await history(lines), await written()).map((row) => ({ ...row, known_at: null }));
    const before = await withoutK();
    harm(timelines);
    const said: string[] = [];
    const progress = { ...quietly, note: (text: string) => void said.push(text) };
    await application.services.writeHistory({ spine, out, knownAt: 'latest' }, progress);
    expect(said).toContainEqual(expect.stringContaining('history: without timelines ('));
    expect((await written()).map((row) => ({ ...row, known_at: null }))).toEqual(before);
    rmSync(timelines, { recursive: true });
  });

  it('keeps the microsecond', async () => {
    const [user] = await someUsers();
    await history([`${user},2024-03-09T13:14:15.123457Z`]);
    expect((await written())[0]!.time).toBe('2024-03-09 13:14:15.123457+00');
  });

  it('says of every row without a vector why', async () => {
    const [user] = await someUsers();
    const report = await history(
      [`${user},yesterday`, `${user},2124-01-01`, 'nobody,2024-03-01', `${user},2020-01-01`, ','],
      'latest',
    );
    expect((await written()).map(({ reason, sessions_30d }) => [reason, sessions_30d])).toEqual([
      ['invalid_time', null],
      ['in_the_future', null],
      ['unknown_user', null],
      ['before_signup', null],
      ['invalid_time', null],
    ]);
    expect(report.null_by_reason).toMatchObject({ invalid_time: 2, unknown_user: 1 });
    await history([`${user},2024-03-09`], '2024-01-01T00:00:00Z');
    expect((await written())[0]).toMatchObject({ reason: 'not_yet_known', sessions_30d: null });
  });

  it('gives the rows of a moment that a daily run served, and why some have none', async () => {
    const [user, other] = await someUsers();
    const lines = [
      `nobody,${SERVED}`,
      `${user},${SERVED}`,
      `${other},${SERVED}`,
      `${user},${SERVED}`,
    ];
    const report = await history([...lines, `${user},2020-01-01`], 'as-served');
    const rows = await written();
    expect(rows.map(({ reason }) => reason)).toEqual([
      'unknown_user',
      null,
      null,
      null,
      'before_signup',
    ]);
    expect(rows[3]).toEqual(rows[1]);
    const served = await application.adapters.ledger.list({ from: SERVED, to: SERVED });
    const { features } = await application.services.userFeatures({
      userId: other!,
      at: `${SERVED}T00:00:00Z`,
      knownAt: served[0]!.servedKnownAt!,
    });
    expect(rows[2]).toMatchObject(features);
    expect(report).toMatchObject({ rows: 5, found: 3 });
  });

  it('makes an empty file of an empty spine', async () => {
    writeFileSync(spine, 'user_id,time\n');
    const report = await application.services.writeHistory(
      { spine, out, knownAt: 'latest' },
      quietly,
    );
    expect(report).toMatchObject({ rows: 0, found: 0 });
    expect(await written()).toEqual([]);
  });

  it.each([
    ['a folder', () => application.dataDir, /is a folder/],
    ['the spine itself', () => spine, /overwrite the spine/],
  ])('refuses to write over %s', async (_what, file, problem) => {
    writeFileSync(spine, 'user_id,time\n');
    const query = { spine, out: file(), knownAt: 'latest' };
    await expect(application.services.writeHistory(query, quietly)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(problem) as string,
    });
  });

  it.each([
    ['no time column', 'user_id,at\nu,2024-01-01\n', /no column time/],
    ['an empty file', '', /header/],
    ['a line with too many fields', 'user_id,time\nu,2024-01-01,x\n', /CSV/],
  ])('refuses %s, and writes nothing', async (_what, text, problem) => {
    writeFileSync(spine, text);
    const refused = path.join(application.dataDir, 'refused.parquet');
    const query = { spine, out: refused, knownAt: 'latest' };
    await expect(application.services.writeHistory(query, quietly)).rejects.toMatchObject({
      code: 'INVALID_SPINE',
      message: expect.stringMatching(problem) as string,
    });
    expect(existsSync(refused)).toBe(false);
    expect(readdirSync(application.dataDir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
