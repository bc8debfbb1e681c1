import { CancellationScope, log } from '@temporalio/workflow';
import type { Alert } from '../packages/contracts';
import { notifying } from './activity-proxies';

/** Raises an alert even during cancellation; a failure to do so is logged, never thrown. */
export async function raiseAlert(alert: Alert): Promise<void> {
  try {
    await CancellationScope.nonCancellable(() => notifying.raise_alert(alert));
  } catch (error) {
    log.error('alert not raised', { key: alert.key, message: alert.message, error });
  }
}
