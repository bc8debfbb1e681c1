import type { Alert } from '../packages/contracts';
import { formatInstant, parseInstant } from '../packages/instants';
import { ledger } from './activity-proxies';
import { scheduledStart } from './daily-run/nominal-time';
import { raiseAlert } from './raise-alert';
import { refusal } from './refusals';

/**
 * Looks from outside for daily runs that should be there and are not, whatever kept them from
 * starting: a run that never started can't raise its own alert. One alert per missing day.
 *
 * @returns the missing dates.
 */
export async function watchdog(input: { now?: string } = {}): Promise<readonly string[]> {
  const missing = await ledger.find_missing_runs({ now: formatInstant(momentOf(input)) });
  for (const date of missing) await raiseAlert(missedRun(date));
  return missing;
}

function momentOf(input: { now?: string }): bigint {
  const moment = input.now === undefined ? scheduledStart() : instantOrUndefined(input.now);
  if (moment !== undefined) return moment;
  throw refusal('INVALID_REQUEST', {
    problem:
      'the watchdog needs an instant as `now`, or a Schedule whose nominal time gives it one',
  });
}

function instantOrUndefined(text: string): bigint | undefined {
  try {
    return parseInstant(text);
  } catch {
    return undefined;
  }
}

function missedRun(date: string): Alert {
  return {
    key: `missed-run/${date}`,
    kind: 'missed-run',
    severity: 'critical',
    date,
    message: `The daily run of ${date} has not succeeded and is not running. Run \`churn run-day ${date}\`.`,
    details: {},
  };
}
