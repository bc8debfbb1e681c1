import type { PipelinePorts } from '../../packages/contracts/pipeline-ports';
import type { Alert, DailyRunReport, PlannedKnowledge } from '../../packages/contracts/runs';
import { datesBetween } from '../../packages/instants/logical-date';
import { planChunks } from '../../packages/orchestration/plan-chunks';

export interface PortCall {
  readonly port: keyof PipelinePorts;
  readonly phase: 'start' | 'end';
  readonly input: unknown;
}

export interface FakePipelinePorts extends PipelinePorts {
  /** Every call's start and end, in the order they happened. */
  readonly calls: readonly PortCall[];
  /** Inputs of the calls of one port, in order. */
  inputsOf(port: keyof PipelinePorts): unknown[];
  /** Alerts by key, as the real port keeps them. */
  readonly alerts: ReadonlyMap<string, Alert>;
  readonly finished: { report: DailyRunReport; status: string }[];
}

export const someKnowledge: PlannedKnowledge = {
  kind: 'latest',
  knownAt: '2024-06-01T01:00:00.000000Z',
  batch: 7,
  labelKnownAt: '2024-06-01T01:00:00.000000Z',
  labelBatch: 7,
  completeThrough: '2024-06-01T01:00:00.000000Z',
};

/** Ports that succeed at once and record every call; `scripted` replaces some of them. */
export function createFakePipelinePorts(scripted: Partial<PipelinePorts> = {}): FakePipelinePorts {
  const calls: PortCall[] = [];
  const alerts = new Map<string, Alert>();
  const finished: FakePipelinePorts['finished'] = [];
  const behaviour: PipelinePorts = {
    beginDailyRun: async () => ({ championVersion: 'v001', finished: null }),
    finishDailyRun: async (run) => void finished.push(run),
    generateData: async () => ({ batch: 7, rows: { users: 3, user_events: 20 }, rejected: 0 }),
    takeDailyKnowledge: async () => someKnowledge,
    computeDay: async () => ({ published: { revision: 1, rows: 3 }, restated: [] }),
    syncOnline: async () => ({ date: '2024-06-01', written: 3, unchanged: 0, removed: 0 }),
    trainModel: async () => ({ version: 'v002', isNew: true, promoted: false, reason: 'close' }),
    detectDrift: async () => ({ status: 'stable', reference: 'v001', alerts: 0 }),
    validateSchemas: async () => ({ verdict: 'pass', problems: [] }),
    raiseAlert: async (alert) => void (alerts.has(alert.key) || alerts.set(alert.key, alert)),
    findUnfinishedRuns: async () => [],
    planBackfill: async ({ id, request }) => {
      const dates = datesBetween(request.from, request.to);
      return {
        id,
        request,
        knowledge: someKnowledge,
        chunks: planChunks(dates),
        planned: dates.length,
        skipped: 0,
      };
    },
    computeChunk: async ({ dates }) => dates.map((date) => ({ date, status: 'succeeded' })),
    settleChunk: async ({ dates, as, error }) => dates.map((date) => ({ date, status: as, error })),
    finishBackfill: async () => {},
    restatePartitions: async () => ({ batches: [1, 7], restated: [] }),
    ...scripted,
  };
  const record = (port: keyof PipelinePorts) => {
    const run = behaviour[port].bind(behaviour) as (...args: unknown[]) => Promise<unknown>;
    return async (...args: unknown[]) => {
      const input = args[0];
      calls.push({ port, phase: 'start', input });
      try {
        return await run(...args);
      } finally {
        calls.push({ port, phase: 'end', input });
      }
    };
  };
  const recorded = Object.fromEntries(
    (Object.keys(behaviour) as (keyof PipelinePorts)[]).map((port) => [port, record(port)]),
  ) as unknown as PipelinePorts;
  return {
    ...recorded,
    calls,
    alerts,
    finished,
    inputsOf: (port) =>
      calls
        .filter((call) => call.port === port && call.phase === 'start')
        .map((call) => call.input),
  };
}
