import 'reflect-metadata';
import path from 'node:path';
import { dataPaths, loadConfig } from '../packages/config';
import { refusedSettings } from '../packages/local-services';
import { openApiApplication } from '../packages/application';
import { createApiLog } from './api-log';
import { collectProcessMetrics } from './process-metrics';
import { startApi } from './start-api';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = createApiLog(config.logLevel);
  const application = await openApiApplication(config);
  const { url } = await startApi(application, {
    host: config.api.host,
    port: config.api.port,
    logsDir: path.resolve(dataPaths(config.dataDir).logs),
    spoolDiskPercent: config.spoolDiskPercent,
    staleAfterHours: config.staleAfterHours,
    logger,
    now: () => BigInt(Date.now()) * 1000n,
    processMetrics: collectProcessMetrics(),
  });
  // Sent to ask a program for a report, it would end this one, which has none.
  process.on('SIGUSR2', () => logger.warn('SIGUSR2 is ignored'));
  logger.info({ url, pid: process.pid }, 'api ready');
  // Health and answers only say that the servers can't be reached, also while they are put right.
  for (const { code, message } of await refusedSettings(config, ['postgres', 'redis'])) {
    logger.error({ code }, message);
  }
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // At once: the connection to Redis would keep a process alive that answers nothing.
  process.exit(1);
});
