/**
 * `node dist/packages/local-services/supervision/main.js`: started by `churn up`, ended by `churn down`;
 * see `supervise`. Its log is logs/supervisor.log, one JSON object a line.
 */
import { dataPaths, loadConfig } from '../../config';
import { supervise } from './supervise';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  await supervise({
    config,
    paths: dataPaths(config.dataDir),
    env: process.env,
    durable: !process.argv.includes('--without-fsync'),
    pid: process.pid,
    stop: stop.signal,
    onEvent: (event) =>
      process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`),
  });
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
