import type { Knowledge, KnowledgeKind, LabelKnowledge } from '../contracts';
import type { DuckDb } from '../duckdb';
import type { FeatureSet, Segments } from '../features';
import type { LogicalDate } from '../instants';
import type { Ledger } from './ledger';
import type { StorePaths } from './partition-paths';

export interface GridContext {
  readonly featureSet: FeatureSet;
  readonly segments: Segments;
  readonly openDuckDb: () => Promise<DuckDb>;
}

/** One partition to compute: which knowledge its features and its label use, and why. */
export interface PartitionRequest {
  readonly date: LogicalDate;
  readonly kind: KnowledgeKind;
  /** K and S of the features. */
  readonly known: Knowledge;
  /** L, its S and how far the source was complete in it. */
  readonly label: LabelKnowledge;
  readonly reason: string;
  /** The revision that it was planned for; absent: whatever is published then, if it knows no more. */
  readonly basedOn?: number;
  /**
   * Only the state is new, in the revision that it is based on: the rest has the knowledge that it
   * had, the labels are those published, and what late data was looked for stands for both.
   */
  readonly addsState?: true;
}

export interface PublishOutcome {
  readonly date: LogicalDate;
  /**
   * `unchanged`: the bytes are those already published; `skipped`: this owner had done it before;
   * `overtaken`: others have published another revision since it was planned.
   */
  readonly status: 'published' | 'unchanged' | 'skipped' | 'overtaken' | 'failed';
  readonly revision: number | null;
  readonly rows: number;
  readonly reason: string;
  readonly error?: string;
}

export interface ComputeContext extends GridContext {
  readonly ledger: Ledger;
  readonly store: StorePaths;
  /** Who claims: a retry of the same owner takes its own claims over at once. */
  readonly owner: string;
}
