import { choosePort } from '../../packages/local-services';
import { ProcessPool, type ProcessPoolOptions } from './process-pool';

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Has several processes serve the API until a signal ends this one: it passes the signal on, and
 * ends by it once they have ended. Port 0: any free port.
 *
 * @throws Error why they can't start
 */
export async function runProcesses(options: ProcessPoolOptions): Promise<void> {
  // A process that is started again listens on the same port as the others.
  const port = options.port || (await choosePort({ service: 'The API' }));
  const pool = new ProcessPool({ ...options, port });
  let received: NodeJS.Signals | undefined;
  for (const signal of signals) {
    process.on(signal, () => {
      received ??= signal;
      pool.stop();
    });
  }
  await pool.run();
  for (const signal of signals) process.removeAllListeners(signal);
  if (received) process.kill(process.pid, received);
}
