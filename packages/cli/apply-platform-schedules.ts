import type { Application } from '../application';
import { applySchedules, registerSearchAttributes } from '../../temporal-config';

/** Registers the search attributes and creates or updates the schedules; again changes nothing. */
export async function applyApplicationSchedules({
  temporal,
  adapters,
}: Application): Promise<void> {
  const { namespace } = adapters.config.temporal;
  await registerSearchAttributes(await temporal.connection(), { namespace });
  await applySchedules(await temporal.client());
}
