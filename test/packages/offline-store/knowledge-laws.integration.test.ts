import path from 'node:path';
import { dataPaths } from '../../../packages/config';
import type {
  PartitionManifest,
  PlannedKnowledge,
  RestatedPartition,
} from '../../../packages/contracts';
import { addDays, datesBetween, dayNumber } from '../../../packages/instants';
import {
  computePartitions,
  createLedger,
  type AuditReport,
  type PartitionRequest,
} from '../../../packages/offline-store';
import { requestOf } from '../../../packages/offline-store/audit-partitions';
import {
  backfill,
  openTestPlatform,
  quietly,
  type TestPlatform,
} from '../../acceptance/open-test-platform';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { baseFacts, lateFacts, writeFolder } from './late-facts';
import { readDay } from './publishing-world';
import { isWithin, touchedBy, type Fact } from './touched-by-rules';

/** The source is complete to 2025-04-19T06:00:00Z, its last user event. */
const PUBLISHED = datesBetween('2025-02-20', '2025-03-31');
/** The last date whose label is known. */
const LAST_MATURE = '2025-03-20';
const PINNED = datesBetween('2025-02-26', '2025-03-04');
const PINNED_AT = '2025-03-15T00:00:00.000000Z';
const AS_SERVED = datesBetween('2025-03-15', '2025-03-17');

/** Some 180 revisions are recomputed one by one. */
const itWhenDeep = process.env.CHURN_TEST_DEPTH === 'deep' ? it : it.skip;

const nothingWrong = { missing: 0, extra: 0, mismatched: 0, not_comparable: 0, examples: [] };

describe('knowledge', () => {
  let shadowLedger: TestDatabase;
  let shadows = 0;
  const opened: TestPlatform[] = [];

  beforeAll(async () => {
    shadowLedger = await createTestDatabase();
  });

  afterAll(async () => {
    await Promise.all(opened.map((platform) => platform.remove()));
    await shadowLedger.drop();
  });

  async function openWithBase(): Promise<TestPlatform> {
    const platform = await openTestPlatform();
    opened.push(platform);
    await load(platform, baseFacts());
    return platform;
  }

  function load(platform: TestPlatform, facts: readonly Fact[]) {
    const folder = writeFolder(path.join(platform.dataDir, `import-${(shadows += 1)}`), facts);
    return platform.jobs.importFolder({ folder, arrival: 'assumed' }, quietly);
  }

  /** SHA-256 per date of requests that are computed afresh, beside the installation's store. */
  async function computeAfresh(
    { adapters, dataDir }: TestPlatform,
    requests: readonly PartitionRequest[],
  ): Promise<Record<string, string | undefined>> {
    await shadowLedger.sql`truncate ops.partition_runs`;
    const shadow = path.join(dataDir, `shadow-${(shadows += 1)}`);
    const rawLog = await adapters.rawLog();
    await computePartitions(
      {
        ledger: createLedger(shadowLedger),
        store: dataPaths(shadow),
        featureSet: adapters.featureSet,
        segments: (table, batch) => rawLog.segments(table, Math.min(batch, rawLog.lastBatch)),
        openDuckDb: () => adapters.openDuckDb(),
        owner: 'shadow',
      },
      requests,
    );
    return Object.fromEntries(requests.map(({ date }) => [date, readDay(shadow, date)]));
  }

  const takeKnowledge = async ({ pipelinePorts }: TestPlatform): Promise<PlannedKnowledge> =>
    (
      await pipelinePorts.planBackfill({
        id: `knowledge-${(shadows += 1)}`,
        request: {
          from: '2025-03-01',
          to: '2025-03-01',
          reprocess: 'missing',
          knownAt: 'latest',
          train: false,
        },
      })
    ).knowledge;

  describe('taken while a load is open', () => {
    const dates = datesBetween('2025-03-05', '2025-03-10');
    let platform: TestPlatform;
    let before: PlannedKnowledge;
    let after: PlannedKnowledge;
    let computed: Record<'during' | 'afterwards' | 'latest', Record<string, string | undefined>>;
    const order: string[] = [];

    beforeAll(async () => {
      platform = await openWithBase();
      before = await takeKnowledge(platform);
      const { sql } = platform.adapters.database;
      let loading: Promise<unknown> | undefined;
      let taking: Promise<PlannedKnowledge> | undefined;
      const during = await sql.begin(async (tx) => {
        // The load stops in its transaction when it comes to user events.
        await tx`LOCK TABLE raw_data.user_events IN SHARE MODE`;
        loading = load(platform, [
          ...baseFacts(),
          lateFacts['a session of a user who was silent']!,
        ]);
        void loading.then(() => order.push('loaded'));
        await someoneWaits('relation');
        taking = takeKnowledge(platform);
        void taking.then(() => order.push('taken'));
        await someoneWaits('advisory');
        return computeAfresh(platform, requestsFor(before));
      });
      await loading;
      after = await taking!;
      computed = {
        during,
        afterwards: await computeAfresh(platform, requestsFor(before)),
        latest: await computeAfresh(platform, requestsFor(after)),
      };
    }, 60_000);

    const requestsFor = (knowledge: PlannedKnowledge) =>
      dates.map((date) => requestFor(date, knowledge));

    async function someoneWaits(locktype: 'advisory' | 'relation'): Promise<void> {
      for (;;) {
        const waiting = await platform.adapters.database.sql`
          SELECT FROM pg_locks WHERE locktype = ${locktype} AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
        if (waiting.length > 0) return;
      }
    }

    it('has all rows of the load, because it waits for its end', async () => {
      const { sql } = platform.adapters.database;
      const [batch] = await sql<{ committed_at: string }[]>`
        SELECT committed_at FROM ops.load_batches WHERE batch = 2`;
      expect(after.batch).toBe(2);
      expect(after.knownAt >= batch!.committed_at).toBe(true);
      const behind = await sql`
        SELECT FROM raw_data.user_events
        WHERE batch > ${after.batch} AND ingested_at <= ${after.knownAt}::text::timestamptz`;
      expect(behind).toHaveLength(0);
    });

    it('excludes by its batch, when taken before, rows that say they arrived before it', async () => {
      const rows = await platform.adapters.database.sql`
        SELECT FROM raw_data.user_events
        WHERE batch > ${before.batch} AND ingested_at <= ${before.knownAt}::text::timestamptz`;
      expect(rows).toHaveLength(1);
      expect(before.batch).toBe(1);
    });

    it('gives the same bytes while the load is open and after it', () => {
      expect(Object.keys(computed.during)).toEqual(dates);
      expect(computed.afterwards).toEqual(computed.during);
      const changed = dates.filter((date) => computed.latest[date] !== computed.during[date]);
      expect(changed).toEqual(dates);
    });
  });

  describe('pinned before rows that arrived last year were loaded', () => {
    let platform: TestPlatform;
    /** Every manifest before the first late row: of the last revisions, by date. */
    const manifests = new Map<string, PartitionManifest>();
    let auditOfLoaded: AuditReport;
    const planned = new Map<string, readonly RestatedPartition[]>();
    const restated = new Map<string, readonly RestatedPartition[]>();
    const known = baseFacts();
    const expected = new Map<string, string[]>();

    beforeAll(async () => {
      platform = await openWithBase();
      await backfill(platform, range(PUBLISHED));
      await backfill(platform, { ...range(PINNED), knownAt: PINNED_AT });
      await backfill(platform, { ...range(AS_SERVED), knownAt: 'as-served' });
      for (const row of await platform.adapters.ledger.list()) {
        manifests.set(row.date, row.manifest!);
      }
      for (const [what, fact] of Object.entries(lateFacts)) {
        known.push(fact);
        expected.set(what, datesTouchedBy(fact));
        const users = known.filter((one) => one.table === 'users');
        await load(platform, fact.table === 'users' ? users : [...users, fact]);
        const { jobs } = platform;
        planned.set(what, (await jobs.restate({ dryRun: true }, quietly)).restated);
        if (restated.size === 0)
          auditOfLoaded = (await jobs.audit('offline', quietly)) as AuditReport;
        restated.set(what, (await jobs.restate({ dryRun: false }, quietly)).restated);
      }
    }, 120_000);

    function datesTouchedBy(fact: Fact): string[] {
      const touched = touchedBy(fact, known);
      return PUBLISHED.filter((date) => {
        const isPinned = [...PINNED, ...AS_SERVED].includes(date);
        const features = !isPinned && isWithin(dayNumber(date), touched.features);
        return features || (date <= LAST_MATURE && isWithin(dayNumber(date), touched.label));
      });
    }

    it('is of all three kinds, with labels that are known and labels that are not', () => {
      const kinds = [...manifests.values()].map(({ knowledge }) => knowledge);
      expect(new Set(kinds)).toEqual(new Set(['latest', 'pinned', 'as-served']));
      const mature = PUBLISHED.filter((date) => manifests.get(date)!.label_mature);
      expect(mature.at(-1)).toBe(LAST_MATURE);
      expect(addDays(LAST_MATURE, 30) < '2025-04-20').toBe(true);
    });

    it('changes no revision when the first of them is loaded', () => {
      const revisions = PUBLISHED.length + PINNED.length + AS_SERVED.length;
      expect(auditOfLoaded).toEqual({ equal: revisions, ...nothingWrong });
    });

    it.each(Object.keys(lateFacts))('is restated by %s where that touches it, only', (what) => {
      const dates = planned.get(what)!.map(({ date }) => date);
      expect(dates).toEqual(expected.get(what));
      expect(dates.length).toBeGreaterThan(0);
      expect(dates.length).toBeLessThan(PUBLISHED.length);
      const changed = restated.get(what)!.map(({ date }) => date);
      expect(changed.length).toBeGreaterThan(0);
      expect(dates).toEqual(expect.arrayContaining(changed));
    });

    it('keeps K and S of what is pinned, whose label alone is restated', async () => {
      const rows = await platform.adapters.ledger.list();
      const pinned = rows.filter(({ date }) => [...PINNED, ...AS_SERVED].includes(date));
      for (const { date, manifest } of pinned) {
        const { knowledge, known_at, batch } = manifests.get(date)!;
        expect(manifest).toMatchObject({ knowledge, known_at, batch });
      }
      expect(pinned.some(({ manifest }) => manifest!.label_batch > 1)).toBe(true);
    });

    it('gives the same bytes after all of them, with its old batch', async () => {
      const requests = [...manifests.values()].map(requestOf);
      const bytes = Object.fromEntries(
        requests.map(({ date }) => [date, manifests.get(date)!.sha256]),
      );
      expect(await computeAfresh(platform, requests)).toEqual(bytes);
    });

    itWhenDeep(
      'changes no revision at all, of those before and those that came of it',
      async () => {
        const audit = await platform.jobs.audit('offline', quietly);
        expect(audit).toEqual({ equal: expect.any(Number), ...nothingWrong });
      },
    );

    it('equals, restated bit by bit, a computation of everything with what is known now', async () => {
      const now = await takeKnowledge(platform);
      const requests = PUBLISHED.map((date) => {
        const { knowledge: kind, known_at: knownAt, batch } = manifests.get(date)!;
        const request = requestFor(date, now);
        return kind === 'latest' ? request : { ...request, kind, knownAt, batch };
      });
      const afresh = await computeAfresh(platform, requests);
      const stored = PUBLISHED.map((date) => [date, readDay(platform.dataDir, date)]);
      expect(Object.fromEntries(stored)).toEqual(afresh);
    });
  });
});

function range(dates: readonly string[]) {
  return { from: dates[0]!, to: dates.at(-1)! };
}

function requestFor(date: string, knowledge: PlannedKnowledge): PartitionRequest {
  const { kind, knownAt, batch, ...label } = knowledge;
  return { date, kind, knownAt, batch, label, reason: 'test' };
}
