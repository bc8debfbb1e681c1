import 'reflect-metadata';
import cluster from 'node:cluster';
import { loadConfig } from '../packages/config';
import { logRefusedSettings } from '../packages/local-services';
import { createApiLog } from './api-log';
import { ParentProcess } from './processes/parent-process';

/** The API: this process serves, or starts several that do (CHURN_API_PROCESSES). */
async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const logger = createApiLog(config.logLevel);
  // Sent to ask a program for a report, it would end this one, which has none.
  process.on('SIGUSR2', () => logger.warn('SIGUSR2 is ignored'));
  // The parent of several needs little of what serving takes.
  if (config.api.processes > 1 && cluster.isPrimary) {
    const { runProcesses } = await import('./processes/run-processes');
    await runProcesses({
      ...config.api,
      logger,
      onServing: () => void logRefusedSettings(config, logger),
    });
  } else {
    const { serve } = await import('./serve');
    await serve(config, logger);
    // Of several, their parent says it.
    if (cluster.isPrimary) await logRefusedSettings(config, logger);
  }
}

void main().catch((error: unknown) => {
  const problem = error instanceof Error ? error.message : String(error);
  const parent = ParentProcess.find();
  // At once: the connection to Redis would keep a process alive that answers nothing.
  if (parent) parent.tell({ kind: 'start-failed', problem }, () => process.exit(1));
  else {
    process.stderr.write(`${problem}\n`);
    process.exit(1);
  }
});
