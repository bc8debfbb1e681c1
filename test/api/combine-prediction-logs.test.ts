import { combinePredictionLogs } from '../../api/health/combine-prediction-logs';

const log = {
  status: 'logging',
  pending: 1,
  spooled: 0,
  dropped: 0,
  spool: { status: 'up' },
} as const;
const down = { status: 'down', code: 'STORAGE_UNAVAILABLE' } as const;

describe('the prediction logs of several processes', () => {
  it('are as good as the worst of them', () => {
    const spooling = { ...log, status: 'spooling', pending: 5, spooled: 4 } as const;
    const buffering = { ...log, status: 'buffering', pending: 7, dropped: 2, spool: down } as const;
    expect(combinePredictionLogs([spooling, log])).toEqual({ ...spooling, pending: 6 });
    expect(combinePredictionLogs([log, buffering, spooling])).toEqual({
      ...{ status: 'buffering', pending: 13, spooled: 4, dropped: 2, spool: down },
    });
  });

  it('are as the only one is', () => {
    expect(combinePredictionLogs([log])).toEqual(log);
  });
});
