import type { Connection } from '@temporalio/client';
import type { Platform } from '../platform';
import { applySchedules, registerSearchAttributes } from '../../temporal-config';

/** Registers the search attributes and creates or updates the schedules; again changes nothing. */
export async function applyPlatformSchedules({ temporal, adapters }: Platform): Promise<void> {
  const client = await temporal.client();
  const { namespace } = adapters.config.temporal;
  await registerSearchAttributes(client.connection as Connection, { namespace });
  await applySchedules(client);
}
