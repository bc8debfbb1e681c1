import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { dataPaths } from '../../packages/config/data-paths';
import type { LabelKnowledge } from '../../packages/contracts/knowledge';
import { labelKnowledgeIn } from '../../packages/contracts/partitions';
import type { Segments } from '../../packages/features/segments';
import { featureSet } from '../../packages/features/feature-set';
import type { RawTables } from '../support/oracle';
import { computePartitions } from '../../packages/offline-store/compute-partitions';
import type { ComputeContext } from '../../packages/offline-store/partition-request';
import { findRestatements } from '../../packages/offline-store/restatement/find-restatements';
import { createLedger, type LedgerRow } from '../../packages/offline-store/ledger';
import { createTestDatabase, type TestDatabase } from '../environment/test-database';
import { lawHolds } from './law-holds';
import { isLabelKnowable, mayBeRestated } from './expected-restatements';
import { openLawRig, type LawRig } from './law-rig';
import { randomSchedule, requestAt, type Schedule } from './random-schedule';
import { randomMerging } from './random-merging';
import { randomWorld } from './random-world';

/** What one step of a schedule did. */
interface Step {
  readonly now: LabelKnowledge;
  readonly before: readonly LedgerRow[];
  /** The dates that were looked at again, and those of them that got a new revision. */
  readonly restated: readonly string[];
  readonly published: readonly string[];
  readonly after: readonly LedgerRow[];
}

describe('late data', () => {
  let rig: LawRig;
  let database: TestDatabase;
  let worlds = 0;

  beforeAll(async () => {
    [rig, database] = await Promise.all([openLawRig(), createTestDatabase()]);
  });

  afterAll(async () => {
    rig.close();
    await database.drop();
  });

  it('leaves the bytes of one backfill, restating what changed and nothing that could not', async () => {
    const law = fc.asyncProperty(
      randomWorld,
      randomSchedule,
      randomMerging,
      (raw, schedule, merging) => {
        const use = async (segments: Segments) => {
          const steps = await run(schedule, segments);
          for (const [index, step] of steps.entries()) {
            const stored = step.after.map(({ date, manifest }) => [date, manifest?.sha256]);
            const requests = schedule.partitions
              .filter((partition) => partition.step <= index)
              .map((partition) => requestAt(partition, schedule, step.now));
            expect(Object.fromEntries(stored)).toEqual(await rig.bytesOf(segments, requests));
            expectMaturity(step.after);
            const previous = steps[index - 1]?.now;
            if (previous) expectMinimal(raw, step, previous);
          }
        };
        return rig.withRawLog(raw, use, merging);
      },
    );
    await lawHolds(
      'Restating after each load equals computing all at once (schedules)',
      { quick: 6, deep: 400, seed: 20240306 },
      law,
    );
  });

  function expectMaturity(rows: readonly LedgerRow[]): void {
    for (const { date, manifest } of rows) {
      expect({ date, mature: manifest!.label_mature }).toEqual({
        date,
        mature: isLabelKnowable(date, labelKnowledgeIn(manifest!)),
      });
    }
  }

  function expectMinimal(raw: RawTables, step: Step, before: LabelKnowledge): void {
    const allowed = step.before
      .filter(({ manifest }) => mayBeRestated(raw, manifest!, { before, now: step.now }))
      .map(({ date }) => date);
    expect(allowed).toEqual(expect.arrayContaining([...step.restated]));
    const shaOf = (rows: readonly LedgerRow[], date: string) =>
      rows.find((row) => row.date === date)?.manifest?.sha256;
    const changed = step.before
      .map(({ date }) => date)
      .filter((date) => shaOf(step.after, date) !== shaOf(step.before, date));
    expect(step.published).toEqual(changed);
  }

  /** Goes through a schedule as daily runs do: restate what is published, publish what is new. */
  async function run(schedule: Schedule, segments: Segments): Promise<Step[]> {
    await database.sql`truncate ops.partition_runs`;
    const dataDir = `${rig.folder}/store-${(worlds += 1)}`;
    const store = dataPaths(dataDir);
    const ledger = createLedger(database);
    const steps: Step[] = [];
    for (const [index, now] of schedule.snapshots.entries()) {
      const owner = `step ${index}`;
      const { openDuckDb } = rig;
      const context = { ledger, store, featureSet, segments, openDuckDb, owner };
      const before = await ledger.list();
      const { restated, published } = await restate(context, now);
      const first = schedule.partitions.filter(({ step }) => step === index);
      await computePartitions(
        context,
        first.map((partition) => requestAt(partition, schedule, now)),
      );
      steps.push({ now, before, restated, published, after: await ledger.list() });
    }
    rmSync(dataDir, { recursive: true, force: true });
    return steps;
  }

  async function restate(context: ComputeContext, present: LabelKnowledge) {
    const { ledger, segments, owner } = context;
    const duckDb = await rig.openDuckDb();
    const rows = await ledger.list();
    const plan = await findRestatements({ duckDb, rows, owner, present, featureSet, segments });
    duckDb.close();
    const { outcomes } = await computePartitions(context, plan.requests);
    await ledger.noteChecked(plan.untouched, present);
    const published = outcomes.filter(({ status }) => status === 'published');
    return {
      restated: plan.requests.map(({ date }) => date),
      published: published.map(({ date }) => date),
    };
  }
});
