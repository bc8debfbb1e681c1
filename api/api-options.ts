import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { EpochMicros } from '../packages/instants';
import type { ConnectionLimits } from './http/connection-limits';
import type { ApiProcesses, ServingProcess } from './processes/api-processes';

export interface ApiOptions {
  /** Names the service is reached by, besides the loopback names; the configured host is one. */
  readonly allowedHosts: readonly string[];
  /** Features older than this are flagged stale. */
  readonly staleAfterHours: number;
  readonly logger: Logger;
  readonly now: () => EpochMicros;
  /** Metrics of the process, which GET /metrics shows behind those of the API; none by default. */
  readonly processMetrics?: Registry;
  /** Limits of the server's connections that are not the usual ones. */
  readonly connectionLimits?: Partial<ConnectionLimits>;
  /** How long a shutdown waits for requests under way before it cuts connections; 4,000 by default. */
  readonly drainMs?: number;
  /** Makes this process one of several; by default it is the only one. */
  readonly joinProcesses?: (own: ServingProcess) => ApiProcesses;
  /** Runs at shutdown, after the last request was answered. */
  readonly onShutdown?: () => Promise<void>;
}

/** Injection tokens: the ports are interfaces, which leave no trace at run time. */
export const API_PORTS = Symbol('ApiPorts');
export const API_OPTIONS = Symbol('ApiOptions');
