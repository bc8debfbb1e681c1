import { hash } from 'node:crypto';
import type { FeatureValues, OnlineVector } from '../contracts';

/**
 * Identifies a vector's values: the first 16 hex digits of SHA-256 over the JSON of the values with
 * names sorted bytewise and numbers as JavaScript prints them. Online and offline use this function.
 */
export function vectorHash(values: FeatureValues): string {
  const names = Object.keys(values).sort();
  return hashCanonicalText(
    `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(values[name])}`).join(',')}}`,
  );
}

/** What an online value's `vector_hash` must be: of its features and, where it has one, its state. */
export function onlineVectorHash({
  features,
  is_subscribed,
}: Pick<OnlineVector, 'features' | 'is_subscribed'>): string {
  return vectorHash(is_subscribed === undefined ? features : { ...features, is_subscribed });
}

/** The hash of a text that is canonical already. */
export function hashCanonicalText(text: string): string {
  return hash('sha256', text).slice(0, 16);
}
