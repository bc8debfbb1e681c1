import type { Command } from 'commander';
import { reprocessWords, type Reprocess } from '../../contracts';
import { requireBackfillRange, requireDateRange } from '../../orchestration';
import { defineCommand, type CommandRunner } from '../define-command';
import { dateOption, knownAtOption, oneOf } from '../option-parsers';
import { withDateRange, withOptionalDateRange } from './date-range-options';

export function addRunCommands(program: Command, runner: CommandRunner): void {
  addRunDay(program, runner);
  addBackfill(program, runner);
  addBackfills(program, runner);
  addRestate(program, runner);
  addPartitions(program, runner);
}

function addRunDay(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'run-day',
    description: 'Run the daily pipeline for one date, in Temporal.',
    declare: (command) => command.argument('<date>', 'the date to run, in UTC', dateOption),
    check: (_options: object, date) => ({ date }),
    load: async () => (await import('../actions/run-actions')).runDayAction,
  });
}

interface BackfillFlags {
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
    isCancellable: true,
    description: 'Compute the partitions of a range of dates, in Temporal.',
    declare: (command) =>
      withDateRange(command)
        .option(
          '--reprocess <which>',
          'which dates to compute: missing, missing-and-failed or all',
          oneOf(...reprocessWords),
          'missing',
        )
        .option(
          '--known-at <when>',
          'which data to use: latest (all), as-served (what the daily run had), or a time K (what had arrived by then)',
          knownAtOption,
          'latest',
        )
        .option('--train', 'train a model at the end')
        .option('--dry-run', 'only show what would run'),
    check: ({ from, to, reprocess, knownAt, train, dryRun }: BackfillFlags) => {
      requireBackfillRange({ from, to });
      const request = { from, to, reprocess, knownAt, train: train === true };
      return { request, dryRun: dryRun === true };
    },
    load: async () => (await import('../actions/run-actions')).backfillAction,
  });
}

function addBackfills(program: Command, runner: CommandRunner): void {
  const backfills = program
    .command('backfills')
    .description('Show backfills, and pause, resume and cancel them.');
  defineCommand(backfills, runner, {
    name: 'list',
    description: 'List the backfills that have not ended, and the latest ones that have.',
    check: () => ({}),
    load: async () => (await import('../actions/backfill-actions')).listBackfillsAction,
  });
  const define = (name: 'pause' | 'resume' | 'cancel', description: string) =>
    defineCommand(backfills, runner, {
      name,
      description,
      declare: (command) => command.argument('<id>', 'as `churn backfills list` shows it'),
      check: (_options: object, id) => ({ id, verb: name }),
      load: async () => (await import('../actions/backfill-actions')).tellBackfillAction,
    });
  define('pause', 'Pause a backfill; what it has published stays.');
  define('resume', 'Resume a paused backfill; dates that are done are not computed again.');
  define('cancel', 'Cancel a backfill; what it has published stays.');
}

function addRestate(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'restate',
    isCancellable: true,
    description: 'Recompute the partitions that late data or newly known labels change.',
    declare: (command) => command.option('--dry-run', 'only show what would be recomputed'),
    check: ({ dryRun }: { dryRun?: boolean }) => ({ dryRun: dryRun === true }),
    load: async () => (await import('../actions/run-actions')).restateAction,
  });
}

function addPartitions(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'partitions',
    description: 'List the partitions, their revisions and what was known when they were computed.',
    declare: withOptionalDateRange,
    check: ({ from, to }: { from?: string; to?: string }) => {
      requireDateRange({ from, to });
      return { from, to };
    },
    load: async () => (await import('../actions/run-actions')).partitionsAction,
  });
}
