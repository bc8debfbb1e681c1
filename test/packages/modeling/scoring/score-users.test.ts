import path from 'node:path';
import type {
  PartitionManifest,
  PublishedPartition,
} from '../../../../packages/contracts/partitions';
import { featureSet } from '../../../../packages/features/feature-set';
import type { ModelArtifact } from '../../../../packages/modeling/model-documents';
import { scoreUsers } from '../../../../packages/modeling/scoring/score-users';
import {
  createServingModel,
  type ServingModel,
} from '../../../../packages/modeling/scoring/serving-model';
import { createScratchDirectory } from '../../../environment/scratch-directory';
import { openTestDuckDb } from '../../duckdb/open-test-duckdb';
import {
  isEligibleRow,
  testSchema,
  usersOfDay,
  writePartition,
  type DayRow,
} from '../training-world';
import { reportFigure } from '../../../acceptance/report-figure';
import { longestTurnMs } from '../../../support/longest-turn';
import { catalogueMessage } from '../../../support/catalogue-message';
import { isDeep } from '../../../environment/depth';
const date = '2024-06-01';
const names = testSchema.features.map(({ name }) => name);

/** Risk from failed payments and recency; 0 for everyone else. */
const artifact: ModelArtifact = {
  format_version: 1,
  model_name: 'churn_model',
  algorithm: { name: 'logistic_regression', solver: 'newton' },
  schema_hash: testSchema.schemaHash,
  label: testSchema.label.name,
  feature_names: names,
  feature_types: testSchema.features.map(({ type }) => type),
  means: [0, 0, 10, 0, 0, 0],
  standard_deviations: [1, 1, 10, 1, 1, 1],
  coefficients: {
    standardised: [0, 0, 1, 0.8, 0, -0.5],
    raw: [0, 0, 0.1, 0.8, 0, -0.5],
    standard_errors: [null, null, null, null, null, null],
  },
  intercept: -1,
  raw_intercept: -2,
  golden_predictions: [{ values: [0, 0, 10, 0, 0, 0], probability: 1 / (1 + Math.E) }],
};
const wording = new Map(featureSet.features.map((one) => [one.name, one.wording ?? {}]));
const model = createServingModel('v001', artifact, wording);
const eligibility = testSchema;

let scratch: ReturnType<typeof createScratchDirectory>;
let files = 0;

beforeAll(() => {
  scratch = createScratchDirectory();
});

afterAll(() => scratch.remove());

const openDuckDb = () => openTestDuckDb(scratch.path);

async function partitionOf(
  rows: readonly DayRow[],
  manifest: Partial<PartitionManifest> = {},
): Promise<PublishedPartition> {
  const duckDb = await openDuckDb();
  const file = path.join(scratch.path, `${++files}.parquet`);
  const partition = await writePartition(duckDb, file, date, rows, manifest);
  duckDb.close();
  return partition;
}

const user = (user_id: string, changes: Partial<DayRow> = {}): DayRow => ({
  user_id,
  sessions_30d: 3,
  days_since_last_login: 10,
  failed_payments_30d: 0,
  is_pro_plan: false,
  label: null,
  ...changes,
});

describe('the users at risk', () => {
  it('come by probability, equal ones by user_id, with what raises their risk', async () => {
    const partition = await partitionOf([
      user('ann'),
      user('bob', { failed_payments_30d: 1 }),
      user('cat', { failed_payments_30d: 3, days_since_last_login: 21 }),
      user('dan', { failed_payments_30d: 1 }),
    ]);
    const users = await scoreUsers({ partition, model, eligibility, openDuckDb, limit: 3 });
    expect(users.map(({ user_id }) => user_id)).toEqual(['cat', 'bob', 'dan']);
    expect(users[0]).toEqual({
      user_id: 'cat',
      churn_probability: model.predict({
        avg_sessions_7d: 0.1,
        sessions_30d: 3,
        days_since_last_login: 21,
        failed_payments_30d: 3,
        total_spend_90d: 7.5,
        is_pro_plan: false,
      }),
      reasons: ['3 failed payments in 30 days: +2.4', 'no login for 21 days: +1.1'],
    });
  });

  it('leave out who is dormant: already silent is not at risk', async () => {
    const dormant = user('zed', { sessions_30d: 0, failed_payments_30d: 9 });
    const partition = await partitionOf([user('ann'), dormant]);
    const users = await scoreUsers({ partition, model, eligibility, openDuckDb, limit: 10 });
    expect(users.map(({ user_id }) => user_id)).toEqual(['ann']);
  });

  it('leave out who has left, however active: nobody loses them twice', async () => {
    const left = user('bea', { is_subscribed: false, failed_payments_30d: 9 });
    const partition = await partitionOf([user('ann'), left]);
    const users = await scoreUsers({ partition, model, eligibility, openDuckDb, limit: 10 });
    expect(users.map(({ user_id }) => user_id)).toEqual(['ann']);
  });

  it.each<[string, Record<string, string>]>([
    ['no state', {}],
    ['a state of another definition', { is_subscribed: 'another meaning' }],
  ])('are refused from a partition with %s', async (_what, hashes) => {
    const partition = await partitionOf([user('ann')], { definition_hashes: hashes });
    await expect(
      scoreUsers({ partition, model, eligibility, openDuckDb, limit: 10 }),
    ).rejects.toMatchObject({
      code: 'NO_STATE',
      message: expect.stringMatching(catalogueMessage('NO_STATE', { date })),
    });
  });

  it('of a large partition are those with the highest predictions, one by one', async () => {
    const rows = usersOfDay(date, 5000, 'large');
    const partition = await partitionOf(rows);
    const users = await scoreUsers({ partition, model, eligibility, openDuckDb, limit: 50 });
    const expected = rows
      .filter(isEligibleRow)
      .map((row) => ({
        user_id: row.user_id,
        probability: model.predict({
          avg_sessions_7d: row.sessions_30d / 30,
          sessions_30d: row.sessions_30d,
          days_since_last_login: row.days_since_last_login,
          failed_payments_30d: row.failed_payments_30d,
          total_spend_90d: row.sessions_30d * 2.5,
          is_pro_plan: row.is_pro_plan,
        }),
      }))
      .sort((a, b) => b.probability - a.probability || (a.user_id < b.user_id ? -1 : 1))
      .slice(0, 50);
    expect(users.map((one) => [one.user_id, one.churn_probability])).toEqual(
      expected.map((one) => [one.user_id, one.probability]),
    );
  });

  it('are scored, sorted and explained bit by bit, so that others are served in between', async () => {
    const partition = await partitionOf(usersOfDay(date, isDeep ? 60_000 : 6_000, 'turns'));
    const turn = { scored: 0, explained: 0 };
    const most = { scored: 0, explained: 0 };
    const watched: ServingModel = {
      ...model,
      scoreColumns: (columns, rows) => {
        most.scored = Math.max(most.scored, (turn.scored += rows));
        return model.scoreColumns(columns, rows);
      },
      explain: (features) => {
        most.explained = Math.max(most.explained, (turn.explained += 1));
        return model.explain(features);
      },
    };
    const nextTurn = () => {
      turn.scored = turn.explained = 0;
      immediate = setImmediate(nextTurn);
    };
    let immediate = setImmediate(nextTurn);
    const options = { partition, model: watched, eligibility, openDuckDb, limit: 1_000 };
    const stall = await longestTurnMs(() => scoreUsers(options)).finally(() =>
      clearImmediate(immediate),
    );
    expect(most.scored).toBeLessThanOrEqual(4_096);
    expect(most.explained).toBeLessThanOrEqual(100);
    if (!isDeep) return;
    reportFigure('CPU time of the longest turn, 60,000 users at risk', `${stall.toFixed(1)} ms`);
    expect(stall).toBeLessThan(50);
  });

  it.each([0, -1])('are none for a limit of %i', async (limit) => {
    const partition = await partitionOf([user('ann')]);
    expect(await scoreUsers({ partition, model, eligibility, openDuckDb, limit })).toEqual([]);
  });

  it('are all that are eligible when the limit is no less, equal ones by user_id', async () => {
    // Several chunks, in which most probabilities occur more than once.
    const rows = usersOfDay(date, 5_000, 'ties');
    const partition = await partitionOf(rows);
    const users = await scoreUsers({ partition, model, eligibility, openDuckDb, limit: 5_000 });
    const eligible = rows.filter(isEligibleRow).map((row) => row.user_id);
    expect(users.map(({ user_id }) => user_id).sort()).toEqual(eligible.sort());
    const sorted = users.toSorted(
      (left, right) =>
        right.churn_probability - left.churn_probability || (left.user_id < right.user_id ? -1 : 1),
    );
    expect(users).toEqual(sorted);
    expect(new Set(users.map((user) => user.churn_probability)).size).toBeLessThan(users.length);
  });

  it('are not looked for further when nobody wants them any more', async () => {
    const partition = await partitionOf([user('ann')]);
    const signal = AbortSignal.abort(new Error('nobody waits'));
    const scored = scoreUsers({ partition, model, eligibility, openDuckDb, limit: 1, signal });
    await expect(scored).rejects.toThrow('nobody waits');
  });
});
