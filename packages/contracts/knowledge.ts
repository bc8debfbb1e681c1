/**
 * Documents that leave the process (manifests, Redis values, HTTP and CLI JSON) use snake_case;
 * values inside it and Temporal payloads use camelCase. Instants are texts with six digits and Z.
 */
export type InstantText = string;

/** What was known: rows with `ingested_at <= at` in batches `<= batch` (K with S, or L with its S). */
export interface Knowledge {
  readonly at: InstantText;
  readonly batch: number;
}

/** L with its S, and how far the source was complete in it; null: it was never said. */
export interface LabelKnowledge extends Knowledge {
  readonly completeThrough: InstantText | null;
}

/** How a partition's K was chosen. Late data restates only `latest` partitions. */
export type KnowledgeKind = 'latest' | 'as-served' | 'pinned';

/** K, L and their batches, taken together under the load lock; they travel together. */
export interface KnowledgeSnapshot {
  readonly latest: Knowledge;
  /** How far the source is complete, over all batches `<= latest.batch`; null before any load. */
  readonly completeThrough: InstantText | null;
}

/** What `--known-at` asks for: `latest`, `as-served`, or an instant. */
export type KnownAtRequest = string;
