import { randomUUID } from 'node:crypto';
import { loadConfig } from '../../packages/config/load-config';
import type { LoggedPrediction } from '../../packages/contracts/predictions';
import { readParquet } from '../../packages/duckdb/open-duckdb';
import { featureSet } from '../../packages/features/feature-set';
import { MICROS_PER_DAY, parseInstant } from '../../packages/instants/epoch-micros';
import { datesBetween, midnightOf } from '../../packages/instants/logical-date';
import type { TrainedVersion } from '../../packages/modeling/training/train-model';
import { readVector } from '../../packages/online-store/read-online';
import { partitionPaths } from '../../packages/offline-store/partition-paths';
import { insertPredictions } from '../../packages/application/api-application';
import { openApplication, type Application } from '../../packages/application/application';
import type { Prediction } from '../../packages/application/models/model-services';
import { datesOfChunk } from '../../packages/orchestration/plan-chunks';
import { featureSections, featureTable } from '../generated-documentation';
import { backfill, openTestApplication, quietly, type TestApplication } from './open-test-platform';
import { withSupportTickets } from './support-ticket-features';
import { importWorld, ticketWorld } from './ticket-world';

const NAME = 'support_tickets_14d';
const AS_OF = '2024-06-30';
/** Enough to train on: April would be the gap. The newest day is the one that is served. */
const RANGES = [
  { from: '2024-03-01', to: '2024-03-31' },
  { from: '2024-05-01', to: '2024-05-31' },
];
const SERVED = '2024-05-31';
const DATES = RANGES.flatMap(({ from, to }) => datesBetween(from, to));
const world = ticketWorld(60);

const tickets = world.userEvents
  .filter(({ eventType }) => eventType === 'support_ticket')
  .map(({ userId, eventTime }) => ({ userId, time: parseInstant(eventTime) }));

/** Tickets of a user in (T − 14 d, T], straight from what was imported. */
function ticketsOf(userId: string, date: string): number {
  const at = midnightOf(date);
  return tickets.filter(
    (ticket) =>
      ticket.userId === userId && ticket.time > at - 14n * MICROS_PER_DAY && ticket.time <= at,
  ).length;
}

/** What a backfill with `reprocess missing` would compute. */
async function plannedDates({ pipelinePorts }: Application, id: string): Promise<string[]> {
  const plans = RANGES.map((range) =>
    pipelinePorts.planBackfill({
      id: `${id} ${range.from}`,
      request: { ...range, reprocess: 'missing', knownAt: 'latest', train: false },
    }),
  );
  return (await Promise.all(plans)).flatMap(({ chunks }) => chunks.flatMap(datesOfChunk));
}

/** Answers for a user and logs the answer, as the API does. */
async function predictAndLog({ services, adapters }: Application) {
  const id = randomUUID();
  const prediction = await services.predict('user1', { explain: false });
  const { known_at: knownAt, revision } = (await readVector(adapters.redis, 'user1'))!;
  const logged: LoggedPrediction = {
    predictionId: id,
    userId: prediction.user_id,
    modelVersion: prediction.model_version,
    featureTime: prediction.feature_time,
    knownAt,
    revision,
    features: prediction.features,
    churnProbability: prediction.churn_probability,
    predictedAt: prediction.feature_time,
  };
  await insertPredictions(adapters, [logged]);
  return { id, prediction };
}

describe('a feature that is added to an installation', () => {
  let released: TestApplication;
  let extended: Application;
  let before: TrainedVersion;
  let logged: { readonly id: string; readonly prediction: Prediction };
  let planned: string[];
  let mismatch: unknown;
  let verdictBetween: Awaited<ReturnType<Application['pipelinePorts']['validateSchemas']>>;
  let after: TrainedVersion;

  beforeAll(async () => {
    released = await openTestApplication();
    await importWorld(released, world);
    for (const range of RANGES) await backfill(released, range);
    await released.services.sync(quietly);
    before = await released.services.train({ asOf: AS_OF }, quietly);
    logged = await predictAndLog(released);

    extended = await openApplication(loadConfig(released.env), { featureSet: withSupportTickets });
    planned = await plannedDates(extended, 'before');
    for (const range of RANGES) await backfill(extended, range);
    await extended.services.sync(quietly);
    mismatch = await extended.services.predict('user1', { explain: false }).catch((error) => error);
    verdictBetween = await extended.pipelinePorts.validateSchemas({ date: SERVED });
    after = await extended.services.train({ asOf: AS_OF }, quietly);
  }, 120_000);

  afterAll(async () => {
    await extended?.close();
    await released?.remove();
  });

  it('makes another schema, and every partition stale: the next backfill takes exactly them', () => {
    expect(withSupportTickets.schemaHash).not.toBe(featureSet.schemaHash);
    expect(planned).toEqual(DATES);
  });

  it('leaves nothing stale once they are computed, and the others’ meanings alone', async () => {
    expect(await plannedDates(extended, 'after')).toEqual([]);
    expect(withSupportTickets.definitionHashes).toMatchObject(featureSet.definitionHashes);
  });

  it('is a column of every partition, with the values counted by hand', async () => {
    const duckDb = await extended.adapters.openDuckDb();
    const files = DATES.map((date) => partitionPaths(extended.adapters.paths, date));
    const rows = await duckDb.rows<{ user_id: string; date: string; value: number }>(
      `SELECT user_id, strftime(feature_time, '%Y-%m-%d') AS date, ${NAME} AS value
       FROM ${readParquet(files.map(({ dayFile }) => dayFile))}`,
    );
    duckDb.close();
    expect(rows).toHaveLength(DATES.length * world.users.length);
    const wrong = rows.filter(({ user_id, date, value }) => value !== ticketsOf(user_id, date));
    expect(wrong).toEqual([]);
    expect(new Set(rows.map(({ value }) => value)).size).toBeGreaterThan(2);
  });

  it('is in every vector online, last, where the definitions have it', async () => {
    const { redis } = extended.adapters;
    const vectors = await Promise.all(world.users.map((userId) => readVector(redis, userId)));
    expect(vectors.map((vector) => vector?.features[NAME])).toEqual(
      world.users.map((userId) => ticketsOf(userId, SERVED)),
    );
    expect(Object.keys(vectors[0]!.features)).toEqual([
      ...featureSet.features.map(({ name }) => name),
      NAME,
    ]);
    expect(vectors[0]!.schema_hash).toBe(withSupportTickets.schemaHash);
  });

  it('keeps the model from before from serving, and says why', () => {
    expect(mismatch).toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining(before.version),
    });
    expect(verdictBetween.verdict).toBe('fail');
    expect(verdictBetween.problems).toEqual([
      expect.stringMatching(new RegExp(`^Model ${before.version} has schema .*: retrain`)),
    ]);
  });

  it('leaves a prediction that an earlier model made replayable, as it was logged', async () => {
    expect(await extended.services.replay(logged.id)).toMatchObject({
      model_version: before.version,
      logged: logged.prediction.churn_probability,
      replayed: logged.prediction.churn_probability,
      equal: true,
    });
  });

  it('has a coefficient in the model that is trained next, which serves', async () => {
    const { metadata, version } = after;
    expect(metadata.promotion.promoted).toBe(true);
    expect(metadata.feature_schema_hash).toBe(withSupportTickets.schemaHash);
    expect(metadata.coefficients.map(({ feature }) => feature)).toEqual([
      ...before.metadata.coefficients.map(({ feature }) => feature),
      NAME,
    ]);
    expect(metadata.coefficients.at(-1)).toMatchObject({ constant: false });
    const complaining = world.users.find((userId) => ticketsOf(userId, SERVED) > 1)!;
    const prediction = await extended.services.predict(complaining, { explain: true });
    expect(prediction.model_version).toBe(version);
    expect(prediction.contributions?.at(-1)).toMatchObject({
      feature: NAME,
      value: ticketsOf(complaining, SERVED),
      text: expect.stringMatching(/^\d support tickets in 14 days: /),
    });
  });

  it('is accepted by drift detection and by the comparison of schemas', async () => {
    const report = await extended.services.drift(SERVED);
    const ofFeature = report.metrics.filter(({ subject }) => subject === NAME);
    expect(ofFeature.map(({ metric }) => metric)).toContain('psi');
    expect(report.alerts.filter(({ key }) => key.includes('schema'))).toEqual([]);
    expect(await extended.pipelinePorts.validateSchemas({ date: SERVED })).toEqual({
      verdict: 'pass',
      problems: [],
    });
  });

  it('has its row and its section in the documentation', () => {
    expect(featureTable(withSupportTickets)).toContain(
      `| [\`${NAME}\`](#${NAME}) | int32 | tickets | (T − 14 d, T] | \`user_events\` | Support tickets in the last 14 days. |`,
    );
    expect(featureSections(withSupportTickets)).toContain(`### \`${NAME}\``);
  });

  it('leaves the revisions of before where they are, not comparable in the audit', async () => {
    const audit = await extended.services.audit('offline', quietly);
    expect(audit).toMatchObject({ equal: DATES.length, not_comparable: DATES.length });
  });
});
