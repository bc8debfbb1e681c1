import type { Command } from 'commander';
import { addDays, dateOf, type LogicalDate } from '../../instants';
import { defineCommand, type CommandRunner } from '../define-command';
import { dateOption, wholeNumber } from '../option-parsers';
import type { DemoOptions } from '../run-demo';
import { usageError } from '../usage-error';

interface DemoFlags {
  readonly users?: number;
  readonly months: number;
  readonly seed?: number;
  readonly end?: LogicalDate;
}

export function addDemoCommand(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'demo',
    isCancellable: true,
    description: 'Run the whole platform on synthetic users: load, backfill, train, predict.',
    declare: (command) =>
      command
        .option(
          '--users <n>',
          'how many users sign up in the first year (default: as loaded before, or 2000)',
          wholeNumber({ min: 20, max: 1_000_000 }),
        )
        .option(
          '--months <n>',
          'months of history in a new installation, at least 4 to train on; later demos go on from its first day',
          wholeNumber({ min: 4, max: 60 }),
          12,
        )
        .option(
          '--seed <n>',
          'the seed of the synthetic data (default: as loaded before, or 42)',
          wholeNumber({ min: 0, max: 2 ** 31 }),
        )
        .option(
          '--end <date>',
          'the last day, not later than yesterday (default: yesterday)',
          dateOption,
        ),
    check: ({ months, users, seed, end }: DemoFlags): DemoOptions => ({
      months,
      end: pastDay(end, addDays(dateOf(runner.now()), -1)),
      ...(users === undefined ? {} : { users }),
      ...(seed === undefined ? {} : { seed }),
    }),
    load: async () => (await import('../actions/demo-action')).demoAction,
  });
}

/** A demo shows what happened; a day that is not over yet has not. */
function pastDay(end: LogicalDate | undefined, yesterday: LogicalDate): LogicalDate {
  if (end === undefined || end <= yesterday) return end ?? yesterday;
  throw usageError(
    `--end ${end} is not over yet; the last day that is over is ${yesterday}`,
    'demo',
  );
}
