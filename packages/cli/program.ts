import { Command, CommanderError } from 'commander';
import { isChurnError } from '../contracts';
import type { Invocation } from './command-context';
import { addDataCommands } from './commands/data-commands';
import { addDemoCommand } from './commands/demo-command';
import { addModelCommands } from './commands/model-commands';
import { addMonitoringCommands } from './commands/monitoring-commands';
import { addRunCommands } from './commands/run-commands';
import { addStackCommands } from './commands/stack-commands';

/** The exit codes of the command line. */
export const exitCodes = { done: 0, failed: 1, wrongUsage: 2 } as const;

/** `churn …` with every command. */
export function createProgram(invocation: Invocation): Command {
  const program = new Command('churn')
    .description('Who will leave in the next 30 days, and why. Every number can be replayed.')
    .exitOverride()
    .configureOutput({
      writeOut: invocation.terminal.out,
      writeErr: invocation.terminal.err,
    });
  addStackCommands(program, invocation);
  addDemoCommand(program, invocation);
  addDataCommands(program, invocation);
  addRunCommands(program, invocation);
  addModelCommands(program, invocation);
  addMonitoringCommands(program, invocation);
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program);
  return program;
}

/** Runs one command line and returns its exit code: 0 done, 1 failed, 2 wrong usage. */
export async function runCommandLine(
  argv: readonly string[],
  invocation: Invocation,
): Promise<number> {
  try {
    await createProgram(invocation).parseAsync([...argv], { from: 'user' });
    return process.exitCode === exitCodes.failed ? exitCodes.failed : exitCodes.done;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
    }
    invocation.terminal.err(`${describe(error)}\n`);
    return isChurnError(error) && usageErrors.has(error.code)
      ? exitCodes.wrongUsage
      : exitCodes.failed;
  }
}

/** Errors of the arguments rather than of the work. */
const usageErrors: ReadonlySet<string> = new Set(['INVALID_DATE_RANGE', 'INVALID_REQUEST']);

function describe(error: unknown): string {
  if (isChurnError(error)) return `error ${error.code}: ${error.message}`;
  return `error: ${error instanceof Error ? error.message : String(error)}`;
}
