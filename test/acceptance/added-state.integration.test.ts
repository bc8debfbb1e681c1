import { appendFileSync, statSync, truncateSync } from 'node:fs';
import { loadConfig } from '../../packages/config/load-config';
import type { PartitionManifest } from '../../packages/contracts/partitions';
import type { PlannedKnowledge } from '../../packages/contracts/runs';
import { readParquet } from '../../packages/duckdb/open-duckdb';
import { featureSet } from '../../packages/features/feature-set';
import { addDays, datesBetween } from '../../packages/instants/logical-date';
import { requestOf } from '../../packages/offline-store/audit-partitions';
import { readManifests } from '../../packages/offline-store/manifests';
import { partitionPaths } from '../../packages/offline-store/partition-paths';
import { groupIntoGrids } from '../../packages/offline-store/vectors/group-into-grids';
import { openApplication } from '../../packages/application/application';
import {
  backfillRequestsOf,
  publishedPartitions,
} from '../../packages/application/partitions/partition-services';
import { servedFeatures } from '../../packages/application/models/served-features';
import { datesOfChunk } from '../../packages/orchestration/plan-chunks';
import { beforeState } from '../packages/features/before-state';
import { backfill, openTestApplication, quietly, type TestApplication } from './open-test-platform';
import { importTables, importWorld, ticketWorld } from './ticket-world';
import { catalogueMessage } from '../support/catalogue-message';

const NAME = featureSet.state.name;
const RANGE = { from: '2024-03-01', to: '2024-03-20' };
/** Published by a daily run. */
const DAILY = addDays(RANGE.to, 1);
const DATES = datesBetween(RANGE.from, DAILY);
/** Left to be computed anew. */
const ANEW = '2024-05-01';
/** Left to be restated. */
const RESTATED = '2024-05-02';
const world = ticketWorld(20);

/** In the first load, or late: known since `ARRIVED`, in the second. */
const ARRIVED = '2024-06-30T12:00:00Z';
const departures = [
  ['gone', 'user1', 'subscription_cancelled', '2024-03-05T12:00:00Z'],
  ['back', 'user2', 'subscription_started', '2024-03-10T12:00:00Z'],
  ['away', 'user2', 'subscription_cancelled', '2024-03-03T12:00:00Z'],
] as const;
const late = [['late', 'user3', 'subscription_cancelled', '2024-03-12T12:00:00Z']] as const;

/** Whether a user is subscribed on a date, by hand. */
function isSubscribed(userId: string, date: string, isLateKnown: boolean): boolean {
  if (userId === 'user1') return date <= '2024-03-05';
  if (userId === 'user2') return date <= '2024-03-03' || date > '2024-03-10';
  return !(userId === 'user3' && isLateKnown && date > '2024-03-12');
}

describe('an installation whose partitions were made before there was a state', () => {
  let application: TestApplication;
  let before: Map<string, PartitionManifest>;

  beforeAll(async () => {
    application = await openTestApplication();
    await importWorld(application, world);
    await importEvents(departures, '');
    const old = await openApplication(loadConfig(application.env), { featureSet: beforeState });
    await backfill(old, RANGE);
    await backfill(old, { from: ANEW, to: RESTATED });
    const knowledge = await old.pipelinePorts.takeDailyKnowledge(DAILY);
    await old.pipelinePorts.computeDay({ date: DAILY, runId: 'daily', knowledge }, quietly);
    // That release looks for what the late row touches, and knows of no state: only of labels.
    await importEvents(late, ARRIVED);
    await old.pipelinePorts.restatePartitions({ dryRun: false, runId: 'old' }, quietly);
    await old.close();
    await application.adapters.database.sql`update ops.partition_runs
      set state_checked_through_batch = null, state_checked_known_at = null`;
    before = await currentManifests();
  }, 120_000);

  afterAll(() => application?.remove());

  function importEvents(
    events: readonly (readonly [id: string, user: string, type: string, time: string])[],
    arrival: string,
  ) {
    const lines = events.map(
      ([id, user, type, time]) => `${id},${user},${type},0.01,${time},${arrival || time}`,
    );
    return importTables(application, {
      billing_events: ['event_id,user_id,event_type,amount,event_time,ingested_at', ...lines],
    });
  }

  async function currentManifests(): Promise<Map<string, PartitionManifest>> {
    const published = await publishedPartitions(application.adapters);
    return new Map(published.map(({ manifest }) => [manifest.date, manifest]));
  }

  const planned = async (reprocess: 'missing' | 'all' = 'missing') => {
    const request = { from: RANGE.from, to: DAILY, reprocess, knownAt: 'latest', train: false };
    const plan = await application.pipelinePorts.planBackfill({
      id: `plan ${Math.random()}`,
      request,
    });
    return plan.chunks.flatMap(datesOfChunk);
  };

  const rowsOf = async (columns: string, revisionOf: (date: string) => number) => {
    const files = DATES.map((date) =>
      partitionPaths(application.adapters.paths, date).revisionFile(revisionOf(date)),
    );
    const duckDb = await application.adapters.openDuckDb();
    try {
      return await duckDb.rows(
        `SELECT strftime(feature_time, '%Y-%m-%d') AS date, user_id, ${columns}
         FROM ${readParquet(files)} ORDER BY ALL`,
      );
    } finally {
      duckDb.close();
    }
  };

  it('has audits that compare those partitions with what they were made from', async () => {
    const audit = await application.services.audit('offline', quietly);
    const revisions = [...before.values()].reduce((sum, { revision }) => sum + revision, 0);
    expect(revisions).toBeGreaterThan(DATES.length + 2);
    expect(audit).toMatchObject({ equal: revisions, mismatched: 0, not_comparable: 0 });
  });

  it('has all of them planned by a backfill', async () => {
    expect(await planned()).toEqual(DATES);
  });

  it('computes them anew where that, or other knowledge, was asked for', async () => {
    const { adapters } = application;
    const rows = await adapters.ledger.list();
    const latest = before.get(DATES[0]!)!;
    const knowledge: PlannedKnowledge = {
      kind: 'latest',
      knownAt: ARRIVED,
      batch: 3,
      labelKnownAt: ARRIVED,
      labelBatch: 3,
      completeThrough: null,
    };
    const asked = (more: Partial<PlannedKnowledge>, reprocess: 'missing' | 'all') => {
      const options = { rows, reason: 'asked', reprocess, featureSet };
      const [request] = backfillRequestsOf([DATES[0]!], { ...knowledge, ...more }, options);
      return request!;
    };
    expect(asked({}, 'missing')).toEqual({
      ...requestOf(latest),
      reason: `definitions changed: ${NAME}`,
      basedOn: latest.revision,
      addsState: true,
    });
    expect(asked({}, 'all')).toMatchObject({ known: { at: ARRIVED, batch: 3 }, reason: 'asked' });
    expect(asked({ kind: 'pinned' }, 'missing')).toMatchObject({
      kind: 'pinned',
      known: { batch: 3 },
    });
    expect(asked({ kind: 'as-served' }, 'missing')).toMatchObject({ kind: 'as-served' });
  });

  it('adds it with one scan, whatever the labels of the partitions know', async () => {
    const { ledger } = application.adapters;
    const rows = await ledger.list({ from: RANGE.from, to: DAILY });
    const knowledge = await application.pipelinePorts.takeDailyKnowledge(DAILY);
    const options = { rows, reason: 'backfill', reprocess: 'missing', featureSet } as const;
    const requests = backfillRequestsOf(DATES, knowledge, options);
    expect(new Set(requests.map(({ label }) => label.batch))).toEqual(new Set([2, 3]));
    expect(groupIntoGrids(requests, 366)).toHaveLength(1);
  });

  it('fails for a date whose file is damaged, and says so', async () => {
    const file = partitionPaths(application.adapters.paths, RESTATED).revisionFile(
      before.get(RESTATED)!.revision,
    );
    const { size } = statSync(file);
    appendFileSync(file, 'damage');
    await expect(backfill(application, { from: RESTATED, to: RESTATED })).rejects.toThrow(
      catalogueMessage('CORRUPT_PARTITION', { path: file }),
    );
    truncateSync(file, size);
    expect((await currentManifests()).get(RESTATED)).toEqual(before.get(RESTATED));
  });

  it('computes them anew by a backfill of all', async () => {
    await backfill(application, { from: ANEW, to: ANEW, reprocess: 'all' });
    const { reason, batch, definition_hashes } = (await currentManifests()).get(ANEW)!;
    expect({ reason, batch }).toEqual({ reason: 'backfill', batch: 3 });
    expect(definition_hashes).toEqual(featureSet.definitionHashes);
  });

  describe('after a backfill', () => {
    let added: Map<string, PartitionManifest>;

    beforeAll(async () => {
      await backfill(application, { from: RANGE.from, to: DAILY });
      added = await currentManifests();
    }, 60_000);

    it('has the state at the knowledge that each partition had', async () => {
      const knowledge = (manifests: ReadonlyMap<string, PartitionManifest>) =>
        DATES.map((date) => {
          const { reason: _reason, ...request } = requestOf(manifests.get(date)!);
          return request;
        });
      expect(knowledge(added)).toEqual(knowledge(before));
      for (const date of DATES) {
        const { revision, reason } = added.get(date)!;
        expect({ date, revision, reason }).toEqual({
          date,
          revision: before.get(date)!.revision + 1,
          reason: `definitions changed: ${NAME}`,
        });
      }
      const states = await rowsOf(NAME, (date) => added.get(date)!.revision);
      expect(states).toEqual(
        DATES.flatMap((date) =>
          [...world.users]
            .sort()
            .map((user_id) => ({ date, user_id, [NAME]: isSubscribed(user_id, date, false) })),
        ),
      );
    });

    it('has the features and labels that it had', async () => {
      const rest = beforeState.columns.slice(2).map(({ name }) => name);
      const columns = rest.join(', ');
      const were = await rowsOf(columns, (date) => before.get(date)!.revision);
      expect(await rowsOf(columns, (date) => added.get(date)!.revision)).toEqual(were);
    });

    it('leaves what late data was looked for, and has looked for none that touches the state', async () => {
      for (const row of await application.adapters.ledger.list({ from: RANGE.from, to: DAILY })) {
        const { batch, known_at: knownAt } = added.get(row.date)!;
        expect(row).toMatchObject({
          checkedThroughBatch: 3,
          stateCheckedThroughBatch: batch,
          stateCheckedKnownAt: knownAt,
        });
      }
    });

    it('has no more to plan, and audits that are clean', async () => {
      expect(await planned()).toEqual([]);
      const audit = await application.services.audit('offline', quietly);
      expect(audit).toMatchObject({ mismatched: 0, missing: 0, extra: 0, not_comparable: 0 });
    });

    it('trains on the state as it was served, of the revision that has it', async () => {
      const partitions = await publishedPartitions(application.adapters, {
        from: DAILY,
        to: DAILY,
      });
      const folder = application.adapters.paths.scratch;
      const [served] = await servedFeatures(application.adapters, { partitions, folder }, quietly);
      const { known_at: at, batch, revision } = added.get(DAILY)!;
      expect(served).toMatchObject({ known: { at, batch }, revision });
    });

    describe('and the next restatement', () => {
      beforeAll(async () => {
        await application.pipelinePorts.restatePartitions({ dryRun: false, runId: 'new' }, quietly);
      }, 60_000);

      it('has what came late in the state, although others looked for late data before', async () => {
        const now = await currentManifests();
        const states = await rowsOf(NAME, (date) => now.get(date)!.revision);
        expect(states.filter((row) => row[NAME] === false)).toEqual(
          DATES.flatMap((date) =>
            ['user1', 'user2', 'user3']
              .filter((user_id) => !isSubscribed(user_id, date, true))
              .map((user_id) => ({ date, user_id, [NAME]: false })),
          ),
        );
        const moved = DATES.filter((date) => now.get(date)!.revision > added.get(date)!.revision);
        expect(moved).toEqual(DATES.filter((date) => date > '2024-03-12'));
        expect(now.get(DAILY)!.reason).toBe('late data: 1 row in batches 3–3');
        const { definition_hashes: made, batch } = now.get(RESTATED)!;
        expect({ made, batch }).toEqual({ made: featureSet.definitionHashes, batch: 3 });
      });

      it('equals computing everything anew', async () => {
        const contents = async () =>
          [...(await currentManifests())].map(([date, manifest]) => [date, manifest.content_hash]);
        const incremental = await contents();
        await backfill(application, { from: RANGE.from, to: DAILY, reprocess: 'all' });
        expect(await contents()).toEqual(incremental);
      });

      it('still trains on what was served', async () => {
        const partitions = await publishedPartitions(application.adapters, {
          from: DAILY,
          to: DAILY,
        });
        const folder = application.adapters.paths.scratch;
        const [served] = await servedFeatures(
          application.adapters,
          { partitions, folder },
          quietly,
        );
        expect(served).toMatchObject({ revision: added.get(DAILY)!.revision });
        const manifests = await readManifests(application.adapters.paths, DAILY);
        expect(manifests[0]!.known_at).toBe(served!.known.at);
      });
    });
  });
});
