import type { ModelEvent } from '../model-documents';

/** An event of an earlier release, which neither numbered it nor kept the aliases after it. */
export type FormerEvent = Omit<ModelEvent, 'number' | 'aliases'>;

/** The truth about a registry: its events, in Postgres. */
export interface ModelEventLog {
  /**
   * What a look needs in order to tell whether anything is unpublished: the greatest number (0
   * without events), and whether events of an earlier release still lack one.
   *
   * @throws ChurnError POSTGRES_UNAVAILABLE, DATABASE_NOT_MIGRATED
   */
  latest(): Promise<{ readonly number: number; readonly hasUnnumbered: boolean }>;
  /**
   * Runs work while no other work on these events is under way. What it appends is kept when this
   * returns; when the work throws, nothing is.
   *
   * @throws ChurnError POSTGRES_UNAVAILABLE, DATABASE_NOT_MIGRATED, INSTALLATION_MISMATCH,
   *   EMPTY_DATABASE
   */
  inTransaction<T>(work: (events: ModelEventTransaction) => Promise<T>): Promise<T>;
}

export interface ModelEventTransaction {
  /** By number. */
  list(): Promise<readonly ModelEvent[]>;
  /** Those of an earlier release that have no number yet, by time. */
  listUnnumbered(): Promise<readonly FormerEvent[]>;
  /** Where an event with the same id is there without a number, it gets number and aliases. */
  append(events: readonly ModelEvent[]): Promise<void>;
}
