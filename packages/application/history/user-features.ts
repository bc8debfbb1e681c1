import {
  ChurnError,
  knowledgeOf,
  labelKnowledgeOf,
  type FeatureValues,
  type Knowledge,
  type KnownAtRequest,
  type PlannedKnowledge,
} from '../../contracts';
import { compileMoment, type MomentQuestion } from '../../features';
import {
  dateOf,
  formatInstant,
  MICROS_PER_HOUR,
  midnightOf,
  parseInstant,
  type EpochMicros,
} from '../../instants';
import { parseKnowledge, parseLabelKnowledge } from '../../offline-store';
import { withoutReaderFolder } from '../../raw-data';
import type { Adapters } from '../open/open-adapters';
import { computeContext, servedKnowledge } from '../partitions/partition-services';
import { takePlannedKnowledge } from '../partitions/take-planned-knowledge';

/** `churn features`: one user's vector at any moment, as known at any moment. */
export interface UserFeatures {
  readonly user_id: string;
  readonly feature_time: string;
  readonly known_at: string;
  /** S of the features: with `known_at` it gives the same answer again, whatever is loaded later. */
  readonly batch: number;
  readonly features: FeatureValues;
  readonly label: boolean | null;
  /** Whether the user was subscribed, as known with the features. */
  readonly is_subscribed: boolean;
  readonly label_known_at: string;
  /** The SQL that computed it, when it was asked for. */
  readonly sql?: string;
}

export interface FeaturesQuery {
  readonly userId: string;
  readonly at: string;
  readonly knownAt: KnownAtRequest;
  /** The last load that counts, S; absent: the latest. */
  readonly batch?: number;
  readonly explain?: boolean;
}

/**
 * Recomputes one user's vector from the raw log.
 *
 * @throws ChurnError UNKNOWN_USER when the user is not visible at (T, K, S); INVALID_REQUEST for a
 *   moment that is not an instant or lies in the future, or a load that is not there.
 */
export async function userFeatures(
  adapters: Adapters,
  query: FeaturesQuery,
): Promise<UserFeatures> {
  const knowledge = await takePlannedKnowledge(adapters, query.knownAt, query);
  const at = parseMoment(query.at, knowledge);
  const known = await knowledgeAt(adapters, at, knowledge);
  const row = await computeRow(adapters, {
    userId: query.userId,
    at,
    known: parseKnowledge(known),
    label: parseLabelKnowledge(labelKnowledgeOf(knowledge)),
  });
  if (!row.values) throw new ChurnError('UNKNOWN_USER', { userId: query.userId });
  const { features, label, state } = adapters.featureSet;
  return {
    user_id: query.userId,
    feature_time: formatInstant(at),
    known_at: known.at,
    batch: known.batch,
    features: Object.fromEntries(
      features.map(({ name }) => [name, row.values?.[name] as number | boolean]),
    ),
    label: (row.values[label.name] as boolean | null) ?? null,
    is_subscribed: row.values[state.name] as boolean,
    label_known_at: knowledge.labelKnownAt,
    ...(query.explain ? { sql: row.sql } : {}),
  };
}

function parseMoment(text: string, knowledge: PlannedKnowledge): EpochMicros {
  let at: EpochMicros;
  try {
    at = parseInstant(text);
  } catch (error) {
    throw new ChurnError('INVALID_REQUEST', {
      problem: `at: ${(error as Error).message}`,
    });
  }
  if (at > parseInstant(knowledge.labelKnownAt)) {
    const problem = `the moment lies in the future; the latest moment known is ${knowledge.labelKnownAt}`;
    throw new ChurnError('INVALID_REQUEST', { problem });
  }
  return at;
}

async function knowledgeAt(
  { ledger }: Adapters,
  at: EpochMicros,
  knowledge: PlannedKnowledge,
): Promise<Knowledge> {
  if (knowledge.kind !== 'as-served') return knowledgeOf(knowledge);
  const date = dateOf(at);
  if (midnightOf(date) !== at) {
    return { at: formatInstant(at + MICROS_PER_HOUR), batch: knowledge.batch };
  }
  const [row] = await ledger.list({ from: date, to: date });
  return servedKnowledge(date, row, knowledge);
}

function computeRow(
  adapters: Adapters,
  question: Omit<MomentQuestion, 'segments'>,
): Promise<{ values: Record<string, unknown> | undefined; sql: string }> {
  return adapters.withRawLog(async (rawLog) => {
    const { segments } = computeContext(adapters, 'features', rawLog);
    const sql = compileMoment(adapters.featureSet, { ...question, segments });
    const duckDb = await adapters.openDuckDb();
    try {
      const [values] = await duckDb.rows(sql);
      return { values, sql: withoutReaderFolder(sql) };
    } finally {
      duckDb.close();
    }
  }, undefined);
}
