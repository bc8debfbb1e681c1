/**
 * A server of the benchmark in a process of its own: `bare` or `api`. It says its port, then what it
 * has used whenever it is asked.
 */
import 'reflect-metadata';
import { serveApi } from './api-server';
import { serveBare } from './bare-server';
import type { ServerUse } from './start-server';

async function run([role, redisUrl, databaseUrl]: readonly string[]): Promise<void> {
  const server =
    role === 'bare'
      ? { port: await serveBare(redisUrl!), log: { pending: 0, dropped: 0 } }
      : await serveApi(redisUrl!, databaseUrl);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const rssBytes = process.memoryUsage.rss();
    const { pending, dropped } = server.log;
    process.send!({ cpuMicros: user + system, rssBytes, pending, dropped } satisfies ServerUse);
  });
  // Ends in order, so that a profile (--cpu-prof) is written.
  process.on('SIGTERM', () => process.exit());
  process.send!(server.port);
}

void run(process.argv.slice(2));
