import {
  ChurnError,
  type FeatureValues,
  type PublishedPartition,
  type UserAtRisk,
} from '../../contracts';
import { quoteIdentifier, readParquet, type DuckDb } from '../../duckdb';
import { eligibleCondition, knowsState, type Eligibility } from '../eligibility';
import { forEachChunk, type ResultChunk } from '../partition-rows';
import { topReasons, type ServingModel } from './serving-model';

export interface ScoreOptions {
  readonly partition: PublishedPartition;
  readonly model: ServingModel;
  /** Who is scored. */
  readonly eligibility: Eligibility;
  readonly openDuckDb: () => Promise<DuckDb>;
  readonly signal?: AbortSignal;
}

/** The eligible users of a partition, by user_id, and what the model says of each. */
export interface PartitionScores {
  readonly userIds: readonly string[];
  readonly probabilities: Float64Array;
  /** In the model's feature order. */
  readonly columns: readonly Float64Array[];
}

/**
 * Scores every eligible user of a partition.
 *
 * @throws ChurnError NO_STATE for a partition that does not say who is subscribed.
 */
export async function scorePartition(options: ScoreOptions): Promise<PartitionScores> {
  const { partition, model, signal } = options;
  if (!knowsState(partition.manifest, options.eligibility)) {
    throw new ChurnError('NO_STATE', { date: partition.manifest.date });
  }
  const features = model.featureNames.map((name) => `CAST(${quoteIdentifier(name)} AS DOUBLE)`);
  const query = `SELECT user_id, ${features.join(', ')} FROM ${readParquet([partition.path])}
    WHERE ${eligibleCondition(options.eligibility)}`;
  const columns = features.map(() => new Float64Array(partition.manifest.rows));
  const userIds: string[] = [];
  const duckDb = await options.openDuckDb();
  const receive = (chunk: ResultChunk) => {
    const start = userIds.length;
    columns.forEach((column, index) => {
      const vector = chunk.column(index + 1);
      for (let row = 0; row < chunk.rows; row++) {
        column[start + row] = (vector.getItem(row) as number | null) ?? NaN;
      }
    });
    const users = chunk.column(0);
    for (let row = 0; row < chunk.rows; row++) userIds.push(users.getItem(row) as string);
  };
  try {
    await forEachChunk(duckDb, query, receive, signal);
  } finally {
    duckDb.close();
  }
  const rows = userIds.length;
  return {
    userIds,
    probabilities: model.scoreColumns(columns, rows),
    columns: columns.map((column) => column.subarray(0, rows)),
  };
}

/**
 * The eligible users of a partition most likely to leave: by probability, then by user_id.
 *
 * @throws ChurnError NO_STATE for a partition that does not say who is subscribed.
 */
export async function scoreUsers(options: ScoreOptions & { limit: number }): Promise<UserAtRisk[]> {
  const { model, limit } = options;
  const { userIds, probabilities, columns } = await scorePartition(options);
  // Rows come by user_id, so the lower row is the lower user_id.
  const order = [...userIds.keys()].sort(
    (left, right) => probabilities[right]! - probabilities[left]! || left - right,
  );
  return order.slice(0, Math.max(0, limit)).map((row) => {
    const values = model.featureNames.map((name, index) => [name, columns[index]![row]!] as const);
    const features: FeatureValues = Object.fromEntries(values);
    return {
      user_id: userIds[row]!,
      churn_probability: probabilities[row]!,
      reasons: topReasons(model.explain(features)),
    };
  });
}
