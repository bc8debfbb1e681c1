import type { FastifyReply } from 'fastify';

/** Aborted when the client leaves before it was answered. */
export function signalOfClient({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
