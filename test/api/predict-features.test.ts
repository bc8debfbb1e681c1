import request from 'supertest';
import type { FeatureSchema } from '../../api/ports';
import { featureSet } from '../../packages/features/feature-set';
import { createTestApi, features, vectorOf } from './test-api';

/** What /predict answers of a user whose vector has `support_tickets_14d` beside the others. */
async function answerWith(featureSchema: FeatureSchema) {
  const vector = vectorOf('u1', { features: { ...features, support_tickets_14d: 2 } });
  const onlineFeatures = {
    read: async () => vector,
    readMany: async () => [vector],
    meta: async () => null,
  };
  const { app, server } = await createTestApi({ featureSchema, onlineFeatures });
  try {
    const one = await request(server).post('/predict').send({ user_id: 'u1' }).expect(200);
    const batch = await request(server)
      .post('/predict/batch')
      .send({ user_ids: ['u1'] });
    return { one: one.body, inBatch: batch.body.results[0].prediction };
  } finally {
    await app.close();
  }
}

describe('the features of an answer', () => {
  const extended = [
    ...featureSet.features,
    { name: 'support_tickets_14d', type: 'int32' },
  ] as const;

  it('are those that the platform serves, one and in a batch', async () => {
    const { one, inBatch } = await answerWith({ ...featureSet, features: extended });
    expect(one.features).toEqual({ ...features, support_tickets_14d: 2 });
    expect(inBatch.features).toEqual(one.features);
  });

  it('are no others', async () => {
    const { one, inBatch } = await answerWith(featureSet);
    expect(one.features).toEqual(features);
    expect(inBatch.features).toEqual(features);
  });

  it.each([
    ['support_tickets_14d', true],
    ['failed_payments_30d', true],
    ['not_there_30d', false],
  ])('say who is eligible: by %s, %s', async (eligibleBy, isEligible) => {
    const { one } = await answerWith({ ...featureSet, features: extended, eligibleBy });
    expect(one.eligible).toBe(isEligible);
  });
});
