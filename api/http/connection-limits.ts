import type { Server } from 'node:http';
import type { Logger } from 'pino';

export interface ConnectionLimits {
  /** How long a request may take to arrive, from its first byte to the last of its body. */
  readonly requestTimeoutMs: number;
  /** A connection on which nothing moves is closed after so long, also while it waits for an answer. */
  readonly silenceTimeoutMs: number;
  /** Further connections are closed as they come. */
  readonly connectionsMax: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  requestTimeoutMs: 10_000,
  silenceTimeoutMs: 120_000,
  connectionsMax: 2_000,
};

/** The limits of one of several processes that share the connections evenly. */
export function shareOf(processes: number): Partial<ConnectionLimits> {
  return { connectionsMax: Math.ceil(DEFAULT_CONNECTION_LIMITS.connectionsMax / processes) };
}

const CHECK_EVERY_MS = 1_000;
const WARN_EVERY_MS = 60_000;

/** What Fastify and Node's HTTP server are told of the limits. */
export function serverTimeouts({ requestTimeoutMs, silenceTimeoutMs }: ConnectionLimits) {
  return {
    requestTimeout: requestTimeoutMs,
    connectionTimeout: silenceTimeoutMs,
    // Between requests; Fastify's own is 72 seconds.
    keepAliveTimeout: silenceTimeoutMs,
    http: {
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, requestTimeoutMs),
      // The guard answers these: Node would answer without a problem document, or use the first Host.
      requireHostHeader: false,
      joinDuplicateHeaders: true,
    },
  };
}

/**
 * Closes connections over the limit. When there are too many, those that wait for a next request are
 * closed too, so that clients which only hold connections don't keep others out.
 */
export function limitConnections(
  server: Server,
  { connectionsMax }: ConnectionLimits,
  { logger, now }: { readonly logger: Logger; readonly now: () => number },
): void {
  server.maxConnections = connectionsMax;
  // Of several processes: otherwise one that is full would hand connections to another that is full,
  // which hands them back.
  Object.assign(server, { dropMaxConnection: true });
  let refused = 0;
  let lastWarned = -Infinity;
  server.on('drop', () => {
    refused += 1;
    server.closeIdleConnections();
    if (now() - lastWarned < WARN_EVERY_MS) return;
    logger.warn({ refused, connectionsMax }, 'connections were refused');
    refused = 0;
    lastWarned = now();
  });
}
