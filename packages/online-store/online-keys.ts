const VECTOR_PREFIX = 'user_features:';

/**
 * Keys that are not vectors. They have a prefix of their own: under `user_features:` a user id such
 * as `_meta` would collide with them.
 */
export const onlineKeys = {
  /** Whose Redis this is: the installation's id. */
  installation: 'churn:online:installation',
  /** The newest (feature_time, revision) that a sync has begun to write. */
  target: 'churn:online:target',
  /** What is published, whole: OnlineMeta as JSON. */
  meta: 'churn:online:meta',
} as const;

/** Matches every vector key in SCAN. */
export const vectorKeyPattern = `${VECTOR_PREFIX}*`;

export function vectorKey(userId: string): string {
  return VECTOR_PREFIX + userId;
}

/** The user id of a vector key. */
export function userIdOfKey(key: string): string {
  return key.slice(VECTOR_PREFIX.length);
}
