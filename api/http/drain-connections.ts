import type { FastifyInstance } from 'fastify';

/**
 * Gives requests under way so long to finish once the server closes; then connections are cut, so
 * that a client that is slow, or never ends its request, does not hold up a shutdown.
 */
export function drainConnections(fastify: FastifyInstance, drainMs: number): void {
  fastify.addHook('preClose', (done) => {
    const timer = setTimeout(() => fastify.server.closeAllConnections(), drainMs).unref();
    fastify.server.once('close', () => clearTimeout(timer));
    done();
  });
}
