import type { Alert, Publisher } from '../../contracts';

/**
 * Is told of what this process does to the installation at the place where it is done, whoever asked
 * for it: what a process counts must not depend on the way that led there.
 */
export interface ApplicationObserver {
  /**
   * An alert was raised that was not known before. One of which first only the line and later the row
   * could be written is told twice, with the same key.
   */
  alertRaised(alert: Alert): void;
  /** A revision was published; nothing is told of one that was there already. */
  partitionPublished(by: Publisher): void;
}
