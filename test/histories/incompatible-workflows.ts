import { sleep } from '@temporalio/workflow';

/** Workflows of the right names that do something else: no recorded history may replay on them. */
export async function dailyRun(): Promise<void> {
  await sleep('1 hour');
}

export async function backfill(): Promise<void> {
  await sleep('1 hour');
}
