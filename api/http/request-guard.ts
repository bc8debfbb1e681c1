import type { FastifyReply, FastifyRequest } from 'fastify';
import { ChurnError } from '../../packages/contracts';
import { InvalidRequestError } from './problem-details';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Refuses requests that a web page elsewhere could have caused: the Host must name this service
 * (any port, so that forwarded ports work; a rebound DNS name does not), and an Origin, if there is
 * one, must be that same host. An Origin of HTTPS is another one, unless a proxy says that it
 * forwards HTTPS (`X-Forwarded-Proto`, which a page elsewhere can't send: that takes a preflight).
 *
 * @param hosts Names the service is reached by, besides the loopback names.
 * @throws ChurnError FORBIDDEN_HOST, INVALID_REQUEST without a Host or with several
 */
export function createRequestGuard(hosts: readonly string[]) {
  const allowed = new Set([...LOOPBACK_NAMES, ...hosts.map(asHostname)]);
  // Nearly all requests carry the same Host; remembering the last good one saves parsing it.
  let lastAllowed: string | undefined;

  return function guardRequest({ host, origin, forwardedProto }: RequestOrigin): void {
    // Several Host headers arrive as one, joined by commas.
    if (host === undefined || (host !== lastAllowed && host.includes(','))) {
      throw new InvalidRequestError([{ field: 'host', problem: 'must be sent exactly once' }]);
    }
    if (host !== lastAllowed && !allowed.has(hostnameOf(host))) {
      throw new ChurnError('FORBIDDEN_HOST');
    }
    lastAllowed = host;
    if (origin === undefined) return;
    const scheme =
      forwardedProto?.split(',')[0]?.trim().toLowerCase() === 'https' ? 'https' : 'http';
    if (origin.toLowerCase() !== `${scheme}://${host.toLowerCase()}`) {
      throw new ChurnError('FORBIDDEN_HOST');
    }
  };
}

/** Headers of a request; undefined: it has none such. */
export interface RequestOrigin {
  readonly host: string | undefined;
  readonly origin?: string;
  /** X-Forwarded-Proto: the scheme that a proxy took the request by, the first proxy's first. */
  readonly forwardedProto?: string;
}

/** An IPv6 address is written in brackets in a Host header. */
function asHostname(host: string): string {
  const name = host.toLowerCase();
  return name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
}

function hostnameOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}

/** No script, frame or style from anywhere but this service; the docs page styles itself inline. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export type SecurityHook = (
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
) => void;

/** The guard and the security headers as a Fastify hook. */
export function createSecurityHook(hosts: readonly string[]): SecurityHook {
  const guardRequest = createRequestGuard(hosts);
  return (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff');
    // Its answer is JSON for a program and its path is hot; everything else may be opened as a page.
    if (request.url !== '/predict') {
      reply.header('content-security-policy', PAGE_POLICY);
      reply.header('referrer-policy', 'no-referrer');
      reply.header('cache-control', 'no-store');
    }
    try {
      const { host, origin } = request.headers;
      const forwardedProto = origin === undefined ? undefined : forwardedProtoOf(request);
      guardRequest({ host, origin, forwardedProto });
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

function forwardedProtoOf({ headers }: FastifyRequest): string | undefined {
  return headers['x-forwarded-proto']?.toString();
}
