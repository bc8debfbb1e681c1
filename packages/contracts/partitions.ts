import type { InstantText, Knowledge, KnowledgeKind, LabelKnowledge } from './knowledge';
import type { FeatureValues } from './predictions';

/** Why a revision was published; shown to people. */
export type RevisionReason = string;

/** The manifest beside every revision of a partition. Nothing of it is in the Parquet file. */
export interface PartitionManifest {
  readonly format_version: 1;
  readonly date: string;
  readonly feature_time: InstantText;
  readonly revision: number;
  readonly knowledge: KnowledgeKind;
  /** K and S: the knowledge of the features. */
  readonly known_at: InstantText;
  readonly batch: number;
  /** L and its S: the knowledge of the label, and how far the source was complete in it. */
  readonly label_known_at: InstantText;
  readonly label_batch: number;
  readonly label_complete_through: InstantText | null;
  /** False while every label is null because T + 30 d is not known yet. */
  readonly label_mature: boolean;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Hash of the values, independent of how a writer encodes them. */
  readonly content_hash: string;
  readonly schema_hash: string;
  readonly definition_hashes: Readonly<Record<string, string>>;
  readonly source_counts: Readonly<Record<string, number>>;
  readonly writer_version: string;
  readonly reason: RevisionReason;
}

/** K and S of a revision's features. */
export function knowledgeIn({ known_at: at, batch }: PartitionManifest): Knowledge {
  return { at, batch };
}

/** L, its S, and how far the source was complete in it, of a revision's label. */
export function labelKnowledgeIn(manifest: PartitionManifest): LabelKnowledge {
  return {
    at: manifest.label_known_at,
    batch: manifest.label_batch,
    completeThrough: manifest.label_complete_through,
  };
}

export type PartitionStatus = 'running' | 'succeeded' | 'failed' | 'cancelled';

/** A published revision that may be read: its manifest and the path of its Parquet file. */
export interface PublishedPartition {
  readonly manifest: PartitionManifest;
  readonly path: string;
}

/** One row of `churn partitions` and GET /partitions. */
export interface PartitionRow {
  readonly date: string;
  readonly status: PartitionStatus;
  readonly revision: number | null;
  readonly knowledge: KnowledgeKind | null;
  readonly known_at: InstantText | null;
  readonly label_known_at: InstantText | null;
  readonly batch: number | null;
  readonly rows: number | null;
  readonly sha256: string | null;
  readonly content_hash: string | null;
  readonly reason: string | null;
  readonly attempt: number;
  /** Why the latest attempt failed or was stopped: code and message; null otherwise. */
  readonly error: string | null;
}

/** The value at Redis key `user_features:<user_id>`. */
export interface OnlineVector {
  readonly user_id: string;
  readonly features: FeatureValues;
  readonly feature_time: InstantText;
  readonly known_at: InstantText;
  readonly revision: number;
  readonly schema_hash: string;
  /** Whether the user is subscribed; absent where the partition did not say so. */
  readonly is_subscribed?: boolean;
  /** Of the state's definition (`onlineStateHash`); there with `is_subscribed`. */
  readonly state_hash?: string;
  /** Of the features and, where it is there, of `is_subscribed`. */
  readonly vector_hash: string;
}

/** A state's definition hash as online values carry it: its first 16 hex digits. */
export function onlineStateHash(definitionHash: string): string {
  return definitionHash.slice(0, 16);
}

/** The value at Redis key `churn:online:meta`: what is published online. */
export interface OnlineMeta {
  readonly installation_id: string;
  readonly feature_time: InstantText;
  readonly known_at: InstantText;
  readonly revision: number;
  readonly schema_hash: string;
  /** Of the state in the values (`onlineStateHash`); absent: they have none. */
  readonly state_hash?: string;
  readonly partition_sha256: string;
  readonly users: number;
  readonly published_at: InstantText;
}
