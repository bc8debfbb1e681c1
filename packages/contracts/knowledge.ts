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

/**
 * L with its S, and how far the source was complete over the batches up to S; null: it was never
 * said. What is known at present has this shape too, since L is the latest moment when planned: K, L
 * and their batches are taken together.
 */
export interface LabelKnowledge extends Knowledge {
  readonly completeThrough: InstantText | null;
}

/** How a partition's K was chosen. Late data restates only `latest` partitions. */
export type KnowledgeKind = 'latest' | 'as-served' | 'pinned';

/** What `--known-at` asks for: `latest`, `as-served`, or an instant. */
export type KnownAtRequest = string;
