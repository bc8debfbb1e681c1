import type { InstantText } from '../packages/contracts';
import { MICROS_PER_HOUR, parseInstant, type EpochMicros } from '../packages/instants';

/** How old the moment is that features describe, in seconds. */
export function ageSeconds(featureTime: InstantText, now: EpochMicros): number {
  return Number(now - parseInstant(featureTime)) / 1e6;
}

/**
 * Whether features of a moment are older than the limit. Nearly all users share one feature_time,
 * so the moment at which the last one turns stale is remembered instead of parsed anew.
 */
export function createStalenessCheck(staleAfterHours: number, now: () => EpochMicros) {
  const limit = BigInt(staleAfterHours) * MICROS_PER_HOUR;
  let featureTimeSeen: InstantText | undefined;
  let staleFrom: EpochMicros = 0n;
  return (featureTime: InstantText): boolean => {
    if (featureTime !== featureTimeSeen) {
      staleFrom = parseInstant(featureTime) + limit;
      featureTimeSeen = featureTime;
    }
    return now() > staleFrom;
  };
}
