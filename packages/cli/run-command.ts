import type { Config } from '../config';
import type { EpochMicros } from '../instants';
import type { Application } from '../application';
import type { CommandResult } from './command-context';
import type { CheckedCommand } from './define-command';
import { createInterruptListener } from './interruptions';
import { createProgressLine, type Terminal } from './terminal';

export interface Invocation {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  readonly now: () => EpochMicros;
}

/**
 * Reads the settings, runs a command's action, prints its result and closes what it opened. What
 * goes wrong in closing says nothing of the result: only an error before it is raised.
 *
 * @returns whether it succeeded.
 */
export async function runCommand(
  command: CheckedCommand,
  { env, terminal }: Invocation,
): Promise<boolean> {
  const { loadConfig } = await import('../config');
  const config = loadConfig(env);
  const line = createProgressLine(terminal);
  const controller = new AbortController();
  const interrupt = createInterruptListener({
    clock: terminal.clock,
    stop: () => controller.abort(new Error('interrupted')),
    note: (text) => line.note(text),
    exit: (code) => process.exit(code),
  });
  if (command.isCancellable) process.on('SIGINT', interrupt);
  let opened: Promise<Application> | undefined;
  try {
    const action = await command.load();
    const result = await action({
      config,
      clock: terminal.clock,
      progress: {
        signal: controller.signal,
        report: ({ what, done, total }) => line.show(what, done, total),
        note: (text) => line.note(text),
      },
      application: () => (opened ??= openApplication(config)),
    });
    line.end();
    printResult(result, { terminal, isJson: command.isJson });
    return result.hasFailed !== true;
  } catch (error) {
    throw opened ? await asCatalogueError(error) : error;
  } finally {
    line.end();
    process.removeListener('SIGINT', interrupt);
    await opened?.then((application) => application.close()).catch(() => {});
  }
}

/** Whatever a command asks of Postgres: that it is down, or not migrated yet, is said in our words. */
async function asCatalogueError(error: unknown): Promise<unknown> {
  const { asDatabaseError } = await import('../database');
  return asDatabaseError(error);
}

async function openApplication(config: Config): Promise<Application> {
  const application = await import('../application');
  return application.openApplication(config);
}

function printResult(
  { document, text, warnings = [] }: CommandResult,
  { terminal, isJson }: { terminal: Terminal; isJson: boolean },
): void {
  for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
  terminal.out(isJson ? `${JSON.stringify(document)}\n` : `${text}\n`);
}
