import type { RestateReport } from '../packages/contracts';
import { computing, runStepNamed } from './activity-proxies';

export interface RestateInput {
  readonly dryRun: boolean;
  /** The day it is asked for; names the sync in the Temporal UI. */
  readonly date: string;
}

/** Publishes again what late data or matured labels touch, then brings the newest day online. */
export async function restate({ dryRun, date }: RestateInput): Promise<RestateReport> {
  const report = await computing('late data and matured labels').restate_partitions({ dryRun });
  if (!dryRun) await runStepNamed('sync_online_features', { date });
  return report;
}
