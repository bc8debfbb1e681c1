import { TransportError } from '@temporalio/worker';
import { ChurnError, isChurnError } from '../packages/contracts';

/**
 * What a worker's log says of the error that ended it: code and message where we have words for it,
 * else the stack trace. Temporal's errors may have none, and are one line of its core.
 */
export function describeEnd(error: unknown): string {
  const known = error instanceof TransportError ? asOurs(error) : error;
  if (isChurnError(known)) return `${known.code}: ${known.message}`;
  if (!(known instanceof Error)) return String(known);
  return known.stack ?? `${known.name}: ${known.message}`;
}

function asOurs(error: Error): ChurnError {
  if (!/^Namespace .* was not found/.test(error.message)) {
    return new ChurnError('TEMPORAL_UNAVAILABLE', {}, { cause: error });
  }
  const problem = 'the server has no namespace of that name';
  const details = { variable: 'TEMPORAL_NAMESPACE', problem };
  return new ChurnError('INVALID_SETTING', details, { cause: error });
}
