import { featureSet } from '../../packages/features';

const jsonType = { float64: 'number', int32: 'integer', bool: 'boolean' } as const;

const features = {
  type: 'object',
  properties: Object.fromEntries(
    featureSet.features.map(({ name, type }) => [name, { type: jsonType[type] }]),
  ),
};

const contributions = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      feature: { type: 'string' },
      value: { type: ['number', 'boolean'] },
      contribution: { type: 'number' },
    },
  },
};

/** The shape of an answer for Fastify's compiled serialiser, which is what keeps /predict fast. */
export const predictionSchema = {
  type: 'object',
  properties: {
    churn_probability: { type: 'number' },
    model_version: { type: 'string' },
    feature_time: { type: 'string' },
    features,
    prediction_id: { type: 'string' },
    stale: { type: 'boolean' },
    eligible: { type: 'boolean' },
    contributions,
  },
};

export const predictRouteSchema = { response: { 200: predictionSchema } };

export const predictBatchRouteSchema = {
  response: {
    200: {
      type: 'object',
      properties: {
        results: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              user_id: { type: 'string' },
              prediction: predictionSchema,
              error: {
                type: 'object',
                properties: { code: { type: 'string' }, detail: { type: 'string' } },
              },
            },
          },
        },
      },
    },
  },
};
