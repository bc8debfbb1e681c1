import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, CommanderError } from 'commander';
import { ChurnError, isChurnError, problemOf, type Problem } from '../contracts';
import { addDataCommands } from './commands/data-commands';
import { addDemoCommand } from './commands/demo-command';
import { addModelCommands } from './commands/model-commands';
import { addMonitoringCommands } from './commands/monitoring-commands';
import { addRunCommands } from './commands/run-commands';
import { addScheduleCommands } from './commands/schedule-commands';
import { addStackCommands } from './commands/stack-commands';
import type { CommandRunner } from './define-command';
import { runCommand, type Invocation } from './run-command';
import type { Terminal } from './terminal';
import { asUsageError } from './usage-error';

/** The exit codes of the command line. */
export const exitCodes = { done: 0, failed: 1, wrongUsage: 2 } as const;

type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** `churn …` with every command: their words only, so that help needs nothing else. */
export function createProgram(runner: CommandRunner): Command {
  const program = new Command('churn')
    .description(
      'Predict which users will leave in the next 30 days, and why. Every number can be recomputed.',
    )
    .version(packageVersion(), '-V, --version', 'print the version');
  addStackCommands(program, runner);
  addDemoCommand(program, runner);
  addDataCommands(program, runner);
  addRunCommands(program, runner);
  addModelCommands(program, runner);
  addMonitoringCommands(program, runner);
  addScheduleCommands(program, runner);
  return program;
}

/** Of package.json at the repository root, which is a folder further up from dist/. */
function packageVersion(): string {
  const root = path.resolve(__dirname, '../..');
  const folder = path.basename(root) === 'dist' ? path.dirname(root) : root;
  const text = readFileSync(path.join(folder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Runs one command line and returns its exit code: 0 done, 1 failed, 2 wrong usage. */
export async function runCommandLine(
  argv: readonly string[],
  invocation: Invocation,
): Promise<ExitCode> {
  const { terminal, now } = invocation;
  let hasSucceeded = true;
  const program = createProgram({
    now,
    run: async (command) => {
      hasSucceeded = await runCommand(command, invocation);
    },
  });
  writeTo(terminal, program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return hasSucceeded ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    if (error instanceof CommanderError) return exitCodes.done;
    reportError(error, { terminal, isJson: asksForJson(argv) });
    return isUsageError(error) ? exitCodes.wrongUsage : exitCodes.failed;
  }
}

/** Help goes to the terminal; a mistake is thrown instead of printed, for `reportError` to print. */
function writeTo(terminal: Terminal, command: Command): void {
  command
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: () => {} })
    .exitOverride((error) => {
      throw asUsageError(command, error);
    });
  for (const child of command.commands) writeTo(terminal, child);
}

/** Also where the mistake is one that the parser stumbles over before it comes to `--json`. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--json');
}

/** A line for people on stderr and, with `--json`, a document on stdout. */
function reportError(
  error: unknown,
  { terminal, isJson }: { terminal: Terminal; isJson: boolean },
): void {
  const problem = describe(error);
  const code = isChurnError(error) ? ` ${problem.code}` : '';
  terminal.err(`error${code}: ${problem.detail}\n`);
  if (isJson) terminal.out(`${JSON.stringify(problem)}\n`);
}

/** Of an error that nobody foresaw the message is all there is: no log has more. */
function describe(error: unknown): Problem {
  if (isChurnError(error)) return problemOf(error);
  const detail = error instanceof Error ? error.message : String(error);
  return { ...problemOf(new ChurnError('INTERNAL')), detail };
}

function isUsageError(error: unknown): boolean {
  return isChurnError(error) && usageErrors.has(error.code);
}

/** Errors of the arguments rather than of the work. */
const usageErrors: ReadonlySet<string> = new Set([
  'WRONG_USAGE',
  'INVALID_DATE_RANGE',
  'INVALID_REQUEST',
]);
