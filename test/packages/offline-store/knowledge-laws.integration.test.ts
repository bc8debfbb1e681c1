import path from 'node:path';
import { dataPaths } from '../../../packages/config/data-paths';
import type { PartitionManifest } from '../../../packages/contracts/partitions';
import {
  knowledgeOf,
  labelKnowledgeOf,
  type PlannedKnowledge,
  type RestatedPartition,
} from '../../../packages/contracts/runs';
import { addDays, datesBetween, dayNumber } from '../../../packages/instants/logical-date';
import type { AuditReport } from '../../../packages/contracts/audit-report';
import { computePartitions } from '../../../packages/offline-store/compute-partitions';
import type { PartitionRequest } from '../../../packages/offline-store/partition-request';
import { createLedger } from '../../../packages/offline-store/ledger';
import { requestOf } from '../../../packages/offline-store/audit-partitions';
import {
  backfill,
  openTestApplication,
  quietly,
  type TestApplication,
} from '../../acceptance/open-test-platform';
import { createTestDatabase, type TestDatabase } from '../../environment/test-database';
import { baseFacts, lateFacts, writeFolder } from './late-facts';
import { readDay } from './publishing-world';
import { isWithin, touchedBy, type Fact } from './touched-by-rules';
import { itWhenDeep } from '../../environment/when-deep';

/** The source is complete to 2025-04-19T06:00:00Z, its last user event. */
const PUBLISHED = datesBetween('2025-02-20', '2025-03-31');
/** The last date whose label is known. */
const LAST_MATURE = '2025-03-20';
const PINNED = datesBetween('2025-02-26', '2025-03-04');
const PINNED_AT = '2025-03-15T00:00:00.000000Z';
const AS_SERVED = datesBetween('2025-03-15', '2025-03-17');

/** Some 180 revisions are recomputed one by one. */

const nothingWrong = { missing: 0, extra: 0, mismatched: 0, not_comparable: 0, examples: [] };

describe('knowledge', () => {
  let shadowLedger: TestDatabase;
  let shadows = 0;
  const opened: TestApplication[] = [];

  beforeAll(async () => {
    shadowLedger = await createTestDatabase();
  });

  afterAll(async () => {
    await Promise.all(opened.map((application) => application.remove()));
    await shadowLedger.drop();
  });

  async function openWithBase(): Promise<TestApplication> {
    const application = await openTestApplication();
    opened.push(application);
    await load(application, baseFacts());
    return application;
  }

  function load(application: TestApplication, facts: readonly Fact[]) {
    const folder = writeFolder(path.join(application.dataDir, `import-${(shadows += 1)}`), facts);
    return application.services.importFolder({ folder, arrival: 'assumed' }, quietly);
  }

  /** SHA-256 per date of requests that are computed afresh, beside the installation's store. */
  async function computeAfresh(
    { adapters, dataDir }: TestApplication,
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

  const takeKnowledge = async ({ pipelinePorts }: TestApplication): Promise<PlannedKnowledge> =>
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
    let application: TestApplication;
    let before: PlannedKnowledge;
    let after: PlannedKnowledge;
    let computed: Record<'during' | 'afterwards' | 'latest', Record<string, string | undefined>>;
    const order: string[] = [];

    beforeAll(async () => {
      application = await openWithBase();
      before = await takeKnowledge(application);
      const { sql } = application.adapters.database;
      let loading: Promise<unknown> | undefined;
      let taking: Promise<PlannedKnowledge> | undefined;
      const during = await sql.begin(async (tx) => {
        // The load stops in its transaction when it comes to user events.
        await tx`LOCK TABLE raw_data.user_events IN SHARE MODE`;
        loading = load(application, [
          ...baseFacts(),
          lateFacts['a session of a user who was silent']!,
        ]);
        void loading.then(() => order.push('loaded'));
        await someoneWaits('relation');
        taking = takeKnowledge(application);
        void taking.then(() => order.push('taken'));
        await someoneWaits('advisory');
        return computeAfresh(application, requestsFor(before));
      });
      await loading;
      after = await taking!;
      computed = {
        during,
        afterwards: await computeAfresh(application, requestsFor(before)),
        latest: await computeAfresh(application, requestsFor(after)),
      };
    }, 60_000);

    const requestsFor = (knowledge: PlannedKnowledge) =>
      dates.map((date) => requestFor(date, knowledge));

    async function someoneWaits(locktype: 'advisory' | 'relation'): Promise<void> {
      for (;;) {
        const waiting = await application.adapters.database.sql`
          SELECT FROM pg_locks WHERE locktype = ${locktype} AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
        if (waiting.length > 0) return;
      }
    }

    it('has all rows of the load, because it waits for its end', async () => {
      const { sql } = application.adapters.database;
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
      const rows = await application.adapters.database.sql`
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
    let application: TestApplication;
    /** Every manifest before the first late row: of the last revisions, by date. */
    const manifests = new Map<string, PartitionManifest>();
    let auditOfLoaded: AuditReport;
    const planned = new Map<string, readonly RestatedPartition[]>();
    const restated = new Map<string, readonly RestatedPartition[]>();
    const known = baseFacts();
    const expected = new Map<string, string[]>();

    beforeAll(async () => {
      application = await openWithBase();
      await backfill(application, range(PUBLISHED));
      await backfill(application, { ...range(PINNED), knownAt: PINNED_AT });
      await backfill(application, { ...range(AS_SERVED), knownAt: 'as-served' });
      for (const row of await application.adapters.ledger.list()) {
        manifests.set(row.date, row.manifest!);
      }
      for (const [what, fact] of Object.entries(lateFacts)) {
        known.push(fact);
        expected.set(what, datesTouchedBy(fact));
        const users = known.filter((one) => one.table === 'users');
        await load(application, fact.table === 'users' ? users : [...users, fact]);
        const { services } = application;
        planned.set(what, (await services.restate({ dryRun: true }, quietly)).restated);
        if (restated.size === 0) auditOfLoaded = await services.audit('offline', quietly);
        restated.set(what, (await services.restate({ dryRun: false }, quietly)).restated);
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
      const rows = await application.adapters.ledger.list();
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
      expect(await computeAfresh(application, requests)).toEqual(bytes);
    });

    itWhenDeep(
      'changes no revision at all, of those before and those that came of it',
      async () => {
        const audit = await application.services.audit('offline', quietly);
        expect(audit).toEqual({ equal: expect.any(Number), ...nothingWrong });
      },
    );

    it('equals, restated bit by bit, a computation of everything with what is known now', async () => {
      const now = await takeKnowledge(application);
      const requests = PUBLISHED.map((date) => {
        const { knowledge: kind, known_at: at, batch } = manifests.get(date)!;
        const request = requestFor(date, now);
        return kind === 'latest' ? request : { ...request, kind, known: { at, batch } };
      });
      const afresh = await computeAfresh(application, requests);
      const stored = PUBLISHED.map((date) => [date, readDay(application.dataDir, date)]);
      expect(Object.fromEntries(stored)).toEqual(afresh);
    });
  });
});

function range(dates: readonly string[]) {
  return { from: dates[0]!, to: dates.at(-1)! };
}

function requestFor(date: string, knowledge: PlannedKnowledge): PartitionRequest {
  const { kind } = knowledge;
  const [known, label] = [knowledgeOf(knowledge), labelKnowledgeOf(knowledge)];
  return { date, kind, known, label, reason: 'test' };
}
