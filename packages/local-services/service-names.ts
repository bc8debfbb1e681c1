/** The parts of a running platform, in the order in which they depend on one another. */
export const serviceNames = ['postgres', 'redis', 'temporal', 'worker', 'api'] as const;

export type ServiceName = (typeof serviceNames)[number];

/** What `up`, `down` and `status` report; a contract of the command line. */
export interface StackStatus {
  readonly services: readonly ServiceStatus[];
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
}

/** What happens to a service, while it happens. */
export interface StackEvent {
  readonly service: ServiceName;
  readonly kind: 'starting' | 'started' | 'already-running' | 'external' | 'stopping' | 'stopped';
}
