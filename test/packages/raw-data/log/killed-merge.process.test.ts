import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { auditRawLog } from '../../../../packages/raw-data/log/audit-raw-log';
import { MANIFEST_FILE, mergedFolder } from '../../../../packages/raw-data/log/log-manifest';
import { syncRawLog } from '../../../../packages/raw-data/log/raw-log';
import type { OpenDuckDb } from '../../../../packages/raw-data/scratch';
import {
  BILLING_EVENTS,
  createRawDataFixture,
  csv,
  PLAN_CHANGES,
  USER_ATTRIBUTES,
  USER_EVENTS,
  USERS,
  type Files,
  type RawDataFixture,
} from '../raw-data-fixture';
import { loadBatches } from './load-batches';
import { isDeep } from '../../../environment/depth';

// In depth, beside other work, it takes minutes.
jest.setTimeout(30 * 60_000);

/** In depth every step, else one of so many. */
const STRIDE = isDeep ? 1 : 13;
/** Mirrored before: the last two make a merge due. */
const MIRRORED = 15;
const LOADS = 17;

const loadOf = (load: number): Required<Files> => ({
  users: csv(USERS, `u${load},2025-01-01,free`),
  plan_changes: csv(PLAN_CHANGES, `c${load},u${load},pro,2025-02-01`),
  user_events: csv(USER_EVENTS, `e${load},u${load},s,login,2025-03-${10 + load}`),
  billing_events: csv(BILLING_EVENTS, `b${load},u${load},charge_succeeded,9.50,2025-02-03`),
  user_attributes: csv(USER_ATTRIBUTES, `a${load},u${load},country,DE,2025-02-03`),
});

describe('a process that is killed while it merges', () => {
  let fixture: RawDataFixture;
  let rawLogDir: string;
  let before: string;
  /** What a call that nobody kills leaves, and how many steps it takes. */
  let undisturbed: string[];
  let steps: number;

  /** But for the folder of readers' names, which an audit leaves empty. */
  const filesIn = (folder: string) =>
    readdirSync(folder)
      .filter((name) => name !== '.readers')
      .sort();
  const state = () => [...filesIn(rawLogDir), ...filesIn(mergedFolder(rawLogDir))];
  const audit = () => auditRawLog({ ...fixture, rawLogDir });
  const startOver = () => {
    rmSync(rawLogDir, { recursive: true, force: true });
    cpSync(before, rawLogDir, { recursive: true });
  };
  const merge = (killedBefore: number) =>
    spawnSync(
      process.execPath,
      [
        '-r',
        path.join(__dirname, '../../../environment/typescript-require.cjs'),
        path.join(__dirname, 'merging-child.ts'),
        fixture.database.url,
        rawLogDir,
        fixture.scratchDir,
        String(killedBefore),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );

  beforeAll(async () => {
    fixture = await createRawDataFixture();
    rawLogDir = path.join(fixture.folder, 'raw_log');
    before = path.join(fixture.folder, 'before');
    const loads = Array.from({ length: LOADS }, (_, index) => loadOf(index + 1));
    // Of more at once a run would be made.
    await loadBatches(fixture, loads.slice(0, 8));
    await syncRawLog({ ...fixture, rawLogDir });
    await loadBatches(fixture, loads.slice(8, MIRRORED));
    await syncRawLog({ ...fixture, rawLogDir });
    await loadBatches(fixture, loads.slice(MIRRORED));
    cpSync(rawLogDir, before, { recursive: true });
    startOver();
    steps = Number(merge(0).stdout);
    undisturbed = state();
  });
  afterAll(() => fixture.remove());

  it('leaves rows once, and the next call leaves the same files, at whichever step it was', async () => {
    expect(undisturbed.filter((name) => name.startsWith('batch='))).toEqual([]);
    expect(steps).toBeGreaterThan(50);
    const outcomes = new Set<string>();
    for (let step = 1; step <= steps; step += STRIDE) {
      startOver();
      expect(merge(step).signal).toBe('SIGKILL');
      const killed = await audit();
      // What was not mirrored is missing, and nothing is there twice.
      expect(killed).toMatchObject({ extra: 0, mismatched: 0 });
      expect(killed.equal + killed.missing).toBe(5 * LOADS);
      outcomes.add(filesIn(rawLogDir).join());
      await syncRawLog({ ...fixture, rawLogDir });
      expect(state()).toEqual(undisturbed);
      expect(await audit()).toMatchObject({ equal: 5 * LOADS, missing: 0, extra: 0 });
    }
    // Mirroring, merging, removing: it was killed in all of them.
    expect(outcomes.size).toBeGreaterThan(2);
  });

  it('changes nothing any more if it was frozen until another had the log', async () => {
    startOver();
    let ended = 0;
    const endHolder = async () => {
      const { sql } = fixture.database;
      const holders = await sql`SELECT pg_terminate_backend(pid, 10000) FROM pg_locks
        WHERE locktype = 'advisory' AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      ended += holders.length;
    };
    const openDuckDb: OpenDuckDb = async (directories) => {
      const duckDb = await fixture.openDuckDb(directories);
      const run = async (sql: string) => {
        await duckDb.run(sql);
        // All loads are mirrored by then: what remains of the merge asks Postgres for no row.
        if (ended === 0 && sql.includes('cut_rows AS')) await endHolder();
      };
      return { ...duckDb, run };
    };
    const frozen = syncRawLog({ ...fixture, rawLogDir, openDuckDb });
    await expect(frozen).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' });
    expect(ended).toBe(1);
    expect(filesIn(rawLogDir).filter((name) => name.startsWith('batch='))).toHaveLength(LOADS);
    expect(filesIn(mergedFolder(rawLogDir))).not.toContain(MANIFEST_FILE);
    await syncRawLog({ ...fixture, rawLogDir });
    expect(state()).toEqual(undisturbed);
  });
});
