import type { Command } from 'commander';
import { dateOption } from '../option-parsers';

const RANGE = [
  ['--from <date>', 'first date'],
  ['--to <date>', 'last date, inclusive'],
] as const;

/** Declares `--from` and `--to`, both of which have to be given. */
export function withDateRange(command: Command): Command {
  for (const [flags, description] of RANGE) {
    command.requiredOption(flags, description, dateOption);
  }
  return command;
}

/** Declares `--from` and `--to`; a bound that is not given bounds nothing. */
export function withOptionalDateRange(command: Command): Command {
  for (const [flags, description] of RANGE) command.option(flags, description, dateOption);
  return command;
}
