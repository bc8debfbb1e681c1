import { predictionLogStatuses } from '../ports';
import type { PredictionLogState } from '../processes/api-processes';

/** The prediction logs of several processes as one: counts added up, and the worst of their states. */
export function combinePredictionLogs(logs: readonly PredictionLogState[]): PredictionLogState {
  const sum = (of: (log: PredictionLogState) => number) =>
    logs.reduce((total, log) => total + of(log), 0);
  const worst = Math.max(0, ...logs.map(({ status }) => predictionLogStatuses.indexOf(status)));
  const down = logs.find(({ spool }) => spool.status === 'down');
  return {
    status: predictionLogStatuses[worst]!,
    pending: sum(({ pending }) => pending),
    spooled: sum(({ spooled }) => spooled),
    dropped: sum(({ dropped }) => dropped),
    spool: down?.spool ?? { status: 'up' },
  };
}
