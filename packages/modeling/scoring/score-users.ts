import { setImmediate as nextTurn } from 'node:timers/promises';
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

/** Wording reasons takes far longer than scoring. */
const EXPLAINED_PER_TURN = 50;

export interface ScoreOptions {
  readonly partition: PublishedPartition;
  readonly model: ServingModel;
  /** Who is scored. */
  readonly eligibility: Eligibility;
  /** How many users to list, at most. */
  readonly limit: number;
  readonly openDuckDb: () => Promise<DuckDb>;
  readonly signal?: AbortSignal;
}

/**
 * The eligible users of a partition most likely to leave: by probability, then by user_id. Scores
 * some 2,000 at a time and keeps those that may be listed, so that neither memory nor the time
 * between two turns of the event loop grows with the partition.
 *
 * @throws ChurnError NO_STATE for a partition that does not say who is subscribed.
 */
export async function scoreUsers(options: ScoreOptions): Promise<UserAtRisk[]> {
  const { partition, model, signal } = options;
  if (!knowsState(partition.manifest, options.eligibility)) {
    throw new ChurnError('NO_STATE', { date: partition.manifest.date });
  }
  const features = model.featureNames.map((name) => `CAST(${quoteIdentifier(name)} AS DOUBLE)`);
  const query = `SELECT user_id, ${features.join(', ')} FROM ${readParquet([partition.path])}
    WHERE ${eligibleCondition(options.eligibility)}`;
  const highest = createHighestScores(Math.max(0, options.limit));
  const duckDb = await options.openDuckDb();
  try {
    await forEachChunk(duckDb, query, (chunk) => highest.offer(scoreChunk(model, chunk)), signal);
  } finally {
    duckDb.close();
  }
  return explainUsers(model, highest.list());
}

async function explainUsers(
  model: ServingModel,
  users: readonly ScoredUser[],
): Promise<UserAtRisk[]> {
  const explained: UserAtRisk[] = [];
  for (const { userId, probability, values } of users) {
    if (explained.length % EXPLAINED_PER_TURN === 0) await nextTurn();
    const named = model.featureNames.map((name, index) => [name, values[index]!] as const);
    const features: FeatureValues = Object.fromEntries(named);
    const reasons = topReasons(model.explain(features));
    explained.push({ user_id: userId, churn_probability: probability, reasons });
  }
  return explained;
}

/** The users of a chunk of rows, and what the model says of each. */
interface ScoredChunk {
  readonly probabilities: Float64Array;
  readonly userAt: (row: number) => string;
  /** In the model's feature order. */
  readonly columns: readonly Float64Array[];
}

function scoreChunk(model: ServingModel, chunk: ResultChunk): ScoredChunk {
  const columns = model.featureNames.map((_name, index) => {
    const vector = chunk.column(index + 1);
    return Float64Array.from(
      { length: chunk.rows },
      (_value, row) => (vector.getItem(row) as number | null) ?? NaN,
    );
  });
  const users = chunk.column(0);
  return {
    probabilities: model.scoreColumns(columns, chunk.rows),
    userAt: (row) => users.getItem(row) as string,
    columns,
  };
}

interface ScoredUser {
  readonly userId: string;
  readonly probability: number;
  readonly values: readonly number[];
}

/** Keeps the users with the highest probabilities; of equal ones those that were offered first. */
function createHighestScores(limit: number) {
  let kept: ScoredUser[] = [];
  /** What a user must exceed to be among the highest of those offered so far. */
  let floor = limit === 0 ? Infinity : -Infinity;

  function keepHighest(): void {
    // Sorting is stable, and rows come by user_id.
    kept.sort((left, right) => right.probability - left.probability);
    kept = kept.slice(0, limit);
    if (kept.length === limit) floor = kept.at(-1)?.probability ?? Infinity;
  }

  return {
    offer({ probabilities, userAt, columns }: ScoredChunk): void {
      for (const [row, probability] of probabilities.entries()) {
        if (probability <= floor) continue;
        const values = columns.map((column) => column[row]!);
        kept.push({ userId: userAt(row), probability, values });
      }
      keepHighest();
    },
    list: (): readonly ScoredUser[] => kept,
  };
}
