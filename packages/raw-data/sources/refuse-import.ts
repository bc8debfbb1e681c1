import { ChurnError, escapeUnprintable } from '../../contracts';

/** The one way an import is refused: nothing has been changed. */
export function refuse(problem: string, cause?: unknown): ChurnError {
  return new ChurnError('INVALID_IMPORT', { problem: escapeUnprintable(problem) }, { cause });
}

const LISTED_MAX = 20;

/** Names for a message: all of a few, the first of many. */
export function listNames(names: readonly string[]): string {
  const more = names.length - LISTED_MAX;
  const listed = names.slice(0, LISTED_MAX).join(', ');
  return more > 0 ? `${listed} and ${more} more` : listed;
}
