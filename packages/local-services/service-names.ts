/** The parts of a running platform, in the order in which they depend on one another. */
export const serviceNames = ['postgres', 'redis', 'temporal', 'worker', 'api'] as const;

export type ServiceName = (typeof serviceNames)[number];

/** What `up`, `down` and `status` report; a contract of the command line. */
export interface StackStatus {
  readonly services: readonly ServiceStatus[];
  readonly supervisor: SupervisorStatus;
}

/** The process that starts services again which have crashed; it runs from `up` to `down`. */
export interface SupervisorStatus {
  readonly status: 'running' | 'stopped';
  readonly pid: number | null;
}

/** What the supervisor did for a service that had crashed. */
export interface RestartStatus {
  /** How often it was started again since the supervisor runs. */
  readonly count: number;
  /** When it was tried last, as an ISO 8601 time. */
  readonly last_at: string;
  /** Why it did not start then; null when it did. */
  readonly problem: string | null;
  /** When it is tried again; null when it started. */
  readonly next_at: string | null;
}

export interface ServiceStatus {
  readonly name: ServiceName;
  /** `external`: given by the environment and answering; `unhealthy`: there, but not answering. */
  readonly status: 'running' | 'stopped' | 'external' | 'unhealthy';
  /** Where it listens, without a password; Temporal's is its web UI. Null when stopped. */
  readonly url: string | null;
  /** Null for what is stopped or external. */
  readonly pid: number | null;
  /** Why an external service is unhealthy: what `up` would refuse it with. */
  readonly problem?: string;
  /** Absent when it has not crashed. */
  readonly restarts?: RestartStatus;
}

/** What happens to a service, while it happens. */
export interface StackEvent {
  readonly service: ServiceName;
  /** `unhealthy`: it runs and does not answer, and is about to be ended and started again. */
  readonly kind:
    'starting' | 'started' | 'already-running' | 'unhealthy' | 'external' | 'stopping' | 'stopped';
}
