import path from 'node:path';
import type { Logger } from 'pino';
import { openApiApplication } from '../packages/application';
import { dataPaths, type Config } from '../packages/config';
import { shareOf } from './http/connection-limits';
import { ParentProcess } from './processes/parent-process';
import { collectProcessMetrics } from './process-metrics';
import { startApi } from './start-api';

/** Serves the API in this process, alone or as one of several. */
export async function serve(config: Config, logger: Logger): Promise<void> {
  const parent = ParentProcess.find();
  const application = await openApiApplication(config);
  const { url } = await startApi(application, {
    host: config.api.host,
    allowedHosts: config.api.allowedHosts,
    port: config.api.port,
    logsDir: path.resolve(dataPaths(config.dataDir).logs),
    spoolDiskPercent: config.spoolDiskPercent,
    staleAfterHours: config.staleAfterHours,
    logger: parent ? logger.child({ pid: process.pid }) : logger,
    now: () => BigInt(Date.now()) * 1000n,
    processMetrics: collectProcessMetrics(),
    ...(parent && {
      connectionLimits: shareOf(config.api.processes),
      joinProcesses: parent.join,
      beforeListen: () => parent.turnToListen(),
    }),
  });
  parent?.tell({ kind: 'serving' });
  logger.info({ url, pid: process.pid }, 'api ready');
}
