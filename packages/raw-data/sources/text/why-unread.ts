import { isChurnError } from '../../../contracts';
import { systemCode } from '../../../durable-files';
import { refuse } from '../refuse-import';
import { whyNotUnpacked } from './unpack-file';

/** Turns the errors of a file that is damaged or can't be read into one that names it; others stay. */
export function whyUnread(label: string, error: unknown): unknown {
  const damage = whyNotUnpacked(error);
  if (damage !== undefined) return refuse(`${label} ${damage}`, error);
  const code = isChurnError(error) ? undefined : systemCode(error);
  // Of a rewritten file: the disk is full, not the source unreadable.
  const isOfScratch = code === 'ENOSPC' || code === 'EDQUOT';
  return code === undefined || isOfScratch
    ? error
    : refuse(`${label} can't be read (${code})`, error);
}
