import { createServer } from 'node:net';
import { ChurnError } from '../../contracts';

const LOOPBACK = '127.0.0.1';

/** Whether a server could listen on this port of the loopback address now. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await tryListen(port)) !== undefined;
}

/**
 * A port to listen on: the one asked for by a setting, else the previous one when it is still
 * free, else any free one. `taken` ports are avoided.
 *
 * @throws ChurnError PORT_IN_USE when the one asked for is in use, naming its variable
 */
export async function choosePort(options: {
  service: string;
  /** The setting that can ask for a port, and what it says (0: any). */
  setting?: { variable: string; port: number };
  previous?: number;
  taken?: readonly number[];
}): Promise<number> {
  const { service, setting, previous, taken = [] } = options;
  if (setting && setting.port !== 0) {
    if (await isPortFree(setting.port)) return setting.port;
    const { variable, port } = setting;
    throw new ChurnError('PORT_IN_USE', { port, service, variable });
  }
  if (previous && !taken.includes(previous) && (await isPortFree(previous))) return previous;
  for (;;) {
    const port = await tryListen(0);
    if (port !== undefined && !taken.includes(port)) return port;
  }
}

/** The port a server got (and gave back), or undefined when it could not listen. */
function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
