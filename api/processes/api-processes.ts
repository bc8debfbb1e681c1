import type { PredictionLogStatus } from '../ports';
import type { MetricsSnapshot } from './summed-metrics';

/** What GET /health shows of the prediction log of a process. */
export interface PredictionLogState {
  readonly status: PredictionLogStatus;
  readonly pending: number;
  readonly spooled: number;
  readonly dropped: number;
  /** Whether predictions can be written to files, and if not, the code of why. */
  readonly spool: { readonly status: 'up' | 'down'; readonly code?: string };
}

export interface ProcessesHealth {
  /** How many there are to be. */
  readonly processes: number;
  /** How many answer requests now. */
  readonly serving: number;
  /** How often one that had ended was started again. */
  readonly restarts: number;
  /** Of each process that answered in time. */
  readonly predictionLogs: readonly PredictionLogState[];
}

/** The processes that serve one port together; one of them asks, also for itself. */
export interface ApiProcesses {
  health(): Promise<ProcessesHealth>;
  /** Prometheus' text, of all of them together. */
  metrics(): Promise<string>;
  /** Has all of them look for a new champion; resolves when they have, or after a second. */
  refreshModel(): Promise<void>;
}

/** One of them, as the others see it. */
export interface ServingProcess extends ApiProcesses {
  metricsSnapshot(): Promise<MetricsSnapshot>;
  predictionLogState(): PredictionLogState;
}

/** Injection token. */
export const API_PROCESSES = Symbol('ApiProcesses');
