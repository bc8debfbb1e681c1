import type { FeatureSchema } from '../ports';

const jsonType = { float64: 'number', int32: 'integer', bool: 'boolean' } as const;

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
function predictionSchema({ features }: FeatureSchema) {
  const properties = Object.fromEntries(
    features.map(({ name, type }) => [name, { type: jsonType[type] }]),
  );
  return {
    type: 'object',
    properties: {
      churn_probability: { type: 'number' },
      model_version: { type: 'string' },
      feature_time: { type: 'string' },
      features: { type: 'object', properties },
      prediction_id: { type: 'string' },
      stale: { type: 'boolean' },
      eligible: { type: 'boolean', nullable: true },
      ineligible_reason: { type: 'string', nullable: true },
      contributions,
    },
  };
}

function batchSchema(prediction: ReturnType<typeof predictionSchema>) {
  const error = {
    type: 'object',
    properties: { code: { type: 'string' }, detail: { type: 'string' } },
  };
  const result = { type: 'object', properties: { user_id: { type: 'string' }, prediction, error } };
  return { type: 'object', properties: { results: { type: 'array', items: result } } };
}

/** What Fastify is told of the answers, by route. */
export function predictRouteSchemas(features: FeatureSchema) {
  const prediction = predictionSchema(features);
  return new Map([
    ['/predict', { response: { 200: prediction } }],
    ['/predict/batch', { response: { 200: batchSchema(prediction) } }],
  ]);
}
