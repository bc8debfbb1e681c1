import type { Command } from 'commander';
import { reprocessWords, type Reprocess } from '../../contracts';
import { requireBackfillRange, requireDateRange } from '../../orchestration';
import { defineCommand, type CommandRunner } from '../define-command';
import { dateOption, knownAtOption, oneOf } from '../option-parsers';

export function addRunCommands(program: Command, runner: CommandRunner): void {
  addRunDay(program, runner);
  addBackfill(program, runner);
  addRestate(program, runner);
  addPartitions(program, runner);
}

function addRunDay(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'run-day',
    description: 'Run the daily pipeline of one date, through Temporal.',
    declare: (command) => command.argument('<date>', 'the logical date', dateOption),
    check: (_options: object, date) => ({ date }),
    load: async () => (await import('../actions/run-actions')).runDay,
  });
}

interface BackfillOptions {
  readonly from: string;
  readonly to: string;
  readonly reprocess: Reprocess;
  readonly knownAt: string;
  readonly train?: boolean;
  readonly dryRun?: boolean;
}

function addBackfill(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'backfill',
    description: 'Compute the partitions of a range of dates, through Temporal.',
    declare: (command) =>
      command
        .requiredOption('--from <date>', 'first date', dateOption)
        .requiredOption('--to <date>', 'last date, inclusive', dateOption)
        .option(
          '--reprocess <which>',
          'missing, missing-and-failed or all',
          oneOf(...reprocessWords),
          'missing',
        )
        .option('--known-at <when>', 'latest, as-served or a moment K', knownAtOption, 'latest')
        .option('--train', 'train a model at the end')
        .option('--dry-run', 'only say what would run'),
    check: ({ from, to, reprocess, knownAt, train, dryRun }: BackfillOptions) => {
      requireBackfillRange({ from, to });
      const request = { from, to, reprocess, knownAt, train: train === true };
      return { request, dryRun: dryRun === true };
    },
    load: async () => (await import('../actions/run-actions')).backfill,
  });
}

function addRestate(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'restate',
    description: 'Publish again what late data and matured labels touch.',
    declare: (command) => command.option('--dry-run', 'only say what would be restated'),
    check: ({ dryRun }: { dryRun?: boolean }) => ({ dryRun: dryRun === true }),
    load: async () => (await import('../actions/run-actions')).restate,
  });
}

function addPartitions(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'partitions',
    description: 'Show the partitions and what they know.',
    declare: (command) =>
      command
        .option('--from <date>', 'first date', dateOption)
        .option('--to <date>', 'last date, inclusive', dateOption),
    check: ({ from, to }: { from?: string; to?: string }) => {
      requireDateRange({ from, to });
      return { from, to };
    },
    load: async () => (await import('../actions/run-actions')).partitions,
  });
}
