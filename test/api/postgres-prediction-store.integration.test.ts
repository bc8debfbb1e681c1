import { randomUUID } from 'node:crypto';
import { PredictionsRefusedError, type LoggedPrediction } from '../../api/ports';
import { postgresPredictionStore } from '../../api/postgres-prediction-store';
import { openDatabase } from '../../packages/database';
import { createTestDatabase, type TestDatabase } from '../environment/test-database';
import { features } from './test-api';

function row(changes: Partial<LoggedPrediction> = {}): LoggedPrediction {
  return {
    predictionId: randomUUID(),
    userId: `it's "é" \\ {u1}`,
    modelVersion: 'v001',
    featureTime: '2026-03-01T00:00:00.000001Z',
    knownAt: '2026-03-01T01:00:00.123456Z',
    revision: 3,
    features,
    churnProbability: 0.1 + 0.2,
    predictedAt: '2026-03-01T06:00:00.500000Z',
    ...changes,
  };
}

describe('predictions in Postgres', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(() => database.sql`truncate ops.predictions`);

  const insert = (rows: LoggedPrediction[]) =>
    postgresPredictionStore(database).insertPredictions(rows);
  const stored = () => database.sql<LoggedPrediction[]>`
    select prediction_id as "predictionId", user_id as "userId", model_version as "modelVersion",
      feature_time as "featureTime", known_at as "knownAt", revision, features,
      churn_probability as "churnProbability", predicted_at as "predictedAt"
    from ops.predictions`;

  it('come back as they went in, to the microsecond and the last bit', async () => {
    const one = row();
    await insert([one]);
    expect([...(await stored())]).toEqual([one]);
  });

  it('are written once, however often the batch is tried', async () => {
    const rows = [row(), row()];
    await insert(rows);
    await insert([...rows, row()]);
    await insert([{ ...rows[0]!, churnProbability: 0.9 }]);
    const all = [...(await stored())];
    expect(all).toHaveLength(3);
    expect(all).toContainEqual(rows[0]);
  });

  it('may name the same id twice in one batch', async () => {
    const one = row();
    await insert([one, one]);
    expect(await stored()).toHaveLength(1);
  });

  it('are refused as a whole batch when one of them is wrong', async () => {
    const rows = [row(), row({ featureTime: 'no time' })];
    await expect(insert(rows)).rejects.toThrow(PredictionsRefusedError);
    expect(await stored()).toHaveLength(0);
  });

  it('are not refused by a database that can not be reached', async () => {
    const nobody = openDatabase('postgres://nobody@127.0.0.1:1/nothing');
    const failure: unknown = await postgresPredictionStore(nobody)
      .insertPredictions([row()])
      .catch((error: unknown) => error);
    expect(failure).not.toBeUndefined();
    expect(failure).not.toBeInstanceOf(PredictionsRefusedError);
    await nobody.close();
  });
});
