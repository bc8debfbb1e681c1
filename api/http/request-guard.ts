import type { FastifyReply, FastifyRequest } from 'fastify';
import { ChurnError } from '../../packages/contracts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Refuses requests that a web page elsewhere could have caused: the Host must name this service
 * (any port, so that forwarded ports work; a rebound DNS name does not), and an Origin, if there is
 * one, must be that same host.
 *
 * @param hosts Names the service is reached by, besides the loopback names.
 * @throws ChurnError FORBIDDEN_HOST
 */
export function createRequestGuard(hosts: readonly string[]) {
  const allowed = new Set([...LOOPBACK_NAMES, ...hosts.map(asHostname)]);
  // Nearly all requests carry the same Host; remembering the last good one saves parsing it.
  let lastAllowed: string | undefined;

  return function guardRequest(host: string | undefined, origin: string | undefined): void {
    if (host === undefined || (host !== lastAllowed && !allowed.has(hostnameOf(host)))) {
      throw new ChurnError('FORBIDDEN_HOST');
    }
    lastAllowed = host;
    if (origin !== undefined && !isSameHost(origin, host)) throw new ChurnError('FORBIDDEN_HOST');
  };
}

/** An IPv6 address is written in brackets in a Host header. */
function asHostname(host: string): string {
  const name = host.toLowerCase();
  return name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
}

function hostnameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}

function isSameHost(origin: string, host: string): boolean {
  const match = /^https?:\/\/([^/?#@]+)$/i.exec(origin);
  return match?.[1]?.toLowerCase() === host.toLowerCase();
}

/** No script, frame or style from anywhere but this service; the docs page styles itself inline. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The guard and the security headers as a Fastify hook. */
export function createSecurityHook(hosts: readonly string[]) {
  const guardRequest = createRequestGuard(hosts);
  return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    reply.header('x-content-type-options', 'nosniff');
    // Its answer is JSON for a program and its path is hot; everything else may be opened as a page.
    if (request.url !== '/predict') {
      reply.header('content-security-policy', PAGE_POLICY);
      reply.header('referrer-policy', 'no-referrer');
      reply.header('cache-control', 'no-store');
    }
    try {
      guardRequest(request.headers.host, request.headers.origin);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}
