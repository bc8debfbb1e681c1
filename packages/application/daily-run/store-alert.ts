import type { Alert } from '../../contracts';
import { recordAlert } from '../../drift';
import { formatInstant } from '../../instants';
import type { Adapters } from '../open/open-adapters';

/** Raises an alert; the same key again is the same alert. */
export async function storeAlert(adapters: Adapters, alert: Alert): Promise<void> {
  const { database, paths, now, observer } = adapters;
  await recordAlert({
    database,
    logsDir: paths.logs,
    alert,
    raisedAt: formatInstant(now()),
    onNew: (raised) => observer?.alertRaised(raised),
  });
}
