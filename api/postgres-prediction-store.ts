import { asDatabaseError, type Database } from '../packages/database';
import { PredictionsRefusedError, type LoggedPrediction, type PredictionStore } from './ports';

/**
 * ops.predictions. A batch travels as one JSON parameter: binding nine parameters a row would cost
 * the process that answers /predict several times as much.
 */
export function postgresPredictionStore({ sql }: Pick<Database, 'sql'>): PredictionStore {
  return {
    insertPredictions: async (rows: readonly LoggedPrediction[]) => {
      try {
        await sql`
          insert into ops.predictions
            (prediction_id, user_id, model_version, feature_time, known_at, revision, features,
             churn_probability, predicted_at)
          select "predictionId", "userId", "modelVersion", "featureTime", "knownAt", "revision",
            "features", "churnProbability", "predictedAt"
          from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as row (
            "predictionId" uuid, "userId" text, "modelVersion" text, "featureTime" timestamptz,
            "knownAt" timestamptz, "revision" integer, "features" jsonb,
            "churnProbability" double precision, "predictedAt" timestamptz)
          on conflict (prediction_id) do nothing`;
      } catch (error) {
        if (isRefusal(error)) {
          throw new PredictionsRefusedError('a row is refused', { cause: error });
        }
        throw asDatabaseError(error);
      }
    },
  };
}

/** SQLSTATE classes 22 (data exception) and 23 (constraint violation). */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code);
}
