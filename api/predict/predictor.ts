import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { ChurnError, isChurnError, type OnlineVector } from '../../packages/contracts';
import { ApiMetrics } from '../api-metrics';
import { API_OPTIONS, API_PORTS, type ApiOptions } from '../api-options';
import { createStalenessCheck } from '../feature-age';
import { createEligibilityCheck } from '../../packages/modeling';
import type { ApiPorts, ServingVersion } from '../ports';
import { requireServingModel } from '../models/require-serving-model';
import { mapInTurns } from './map-in-turns';
import type { BatchResultDto, PredictionDto } from './predict.dto';

/** Scores users from their online features; needs Redis and a model, and nothing else. */
@Injectable()
export class Predictor {
  private readonly isStale: (featureTime: string) => boolean;
  private readonly eligibilityOf: ReturnType<typeof createEligibilityCheck>;

  constructor(
    @Inject(API_PORTS) private readonly ports: ApiPorts,
    @Inject(API_OPTIONS) options: ApiOptions,
    private readonly metrics: ApiMetrics,
  ) {
    this.isStale = createStalenessCheck(options.staleAfterHours, options.now);
    this.eligibilityOf = createEligibilityCheck(ports.featureSchema);
  }

  /** @throws ChurnError NO_MODEL, CORRUPT_MODEL, UNKNOWN_USER, SCHEMA_MISMATCH, and why Redis can't be served from */
  async predict(userId: string, explain: boolean): Promise<PredictionDto> {
    // One look at the model: the answer comes from one version even when it is swapped meanwhile.
    const model = requireServingModel(this.ports.servingModel);
    const stages = this.metrics.predictStages;
    const began = stages.start();
    const vector = await this.ports.onlineFeatures.read(userId);
    const read = stages.end('features', began);
    if (vector === null) throw new ChurnError('UNKNOWN_USER', { userId });
    const prediction = this.score(model, vector, explain);
    stages.end('score', read);
    this.metrics.countPredictions(model.version, 1);
    return prediction;
  }

  /** One result per id, in their order; a user that can't be scored gets an error of its own. */
  async predictBatch(userIds: readonly string[], explain: boolean): Promise<BatchResultDto[]> {
    const model = requireServingModel(this.ports.servingModel);
    const vectors = await this.ports.onlineFeatures.readMany(userIds);
    const results = await mapInTurns(userIds, (userId, index): BatchResultDto => {
      const vector = vectors[index];
      if (isChurnError(vector)) return failed(userId, vector);
      if (!vector) return failed(userId, new ChurnError('UNKNOWN_USER', { userId }));
      try {
        return { user_id: userId, prediction: this.score(model, vector, explain) };
      } catch (error) {
        if (error instanceof ChurnError) return failed(userId, error);
        throw error;
      }
    });
    const predicted = results.filter((result) => result.prediction).length;
    if (predicted > 0) this.metrics.countPredictions(model.version, predicted);
    return results;
  }

  private score(model: ServingVersion, vector: OnlineVector, explain: boolean): PredictionDto {
    const { features, feature_time: featureTime } = vector;
    if (vector.schema_hash !== model.schemaHash) {
      throw new ChurnError('SCHEMA_MISMATCH', {
        left: 'the online store',
        right: `model ${model.version}`,
      });
    }
    const predictionId = randomUUID();
    const churnProbability = model.predict(features);
    const { eligible, ineligible_reason: reason } = this.eligibilityOf(vector);
    this.metrics.lastFeatureTime = featureTime;
    this.ports.predictionLog.append({
      predictionId,
      userId: vector.user_id,
      modelVersion: model.version,
      featureTime,
      knownAt: vector.known_at,
      revision: vector.revision,
      features,
      churnProbability,
      predictedAtMillis: Date.now(),
    });
    return {
      churn_probability: churnProbability,
      model_version: model.version,
      feature_time: featureTime,
      features,
      prediction_id: predictionId,
      stale: this.isStale(featureTime),
      eligible,
      ineligible_reason: reason,
      contributions: explain ? model.explain(features).contributions : undefined,
    };
  }
}

function failed(userId: string, { code, message }: ChurnError): BatchResultDto {
  return { user_id: userId, error: { code, detail: message } };
}
