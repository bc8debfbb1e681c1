import path from 'node:path';
import type { Command } from 'commander';
import { parseInstant } from '../../instants';
import { requireDateRange } from '../../orchestration';
import { defineCommand, type CommandRunner } from '../define-command';
import {
  dateOption,
  emptyFolder,
  existingFile,
  existingFolder,
  fileToWrite,
  instantOption,
  knownAtOption,
  oneOf,
  userOption,
  wholeNumber,
} from '../option-parsers';
import { usageError } from '../usage-error';

const batchOption = wholeNumber({ min: 1, max: 2 ** 31 - 1 });

export function addDataCommands(program: Command, runner: CommandRunner): void {
  addGenerate(program, runner);
  addImport(program, runner);
  addExport(program, runner);
  addFeatures(program, runner);
  addHistory(program, runner);
}

interface GenerateOptions {
  readonly from: string;
  readonly to: string;
  readonly users?: number;
  readonly seed?: number;
}

function addGenerate(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'generate',
    description: 'Load the synthetic arrivals of a range of days.',
    declare: (command) =>
      command
        .requiredOption('--from <date>', 'first day', dateOption)
        .requiredOption('--to <date>', 'last day, inclusive', dateOption)
        .option(
          '--users <n>',
          'users who sign up in the first year',
          wholeNumber({ min: 1, max: 10_000_000 }),
        )
        .option('--seed <n>', 'which world', wholeNumber({ min: 0, max: 2 ** 31 })),
    check: (options: GenerateOptions) => {
      requireDateRange(options);
      return options;
    },
    load: async () => (await import('../actions/data-actions')).generate,
  });
}

interface ImportOptions {
  readonly completeThrough?: string;
  readonly arrival: 'assumed' | 'now';
}

function addImport(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'import',
    description:
      'Load a folder of users, user_events, billing_events and plan_changes (.csv or .parquet).',
    declare: (command) =>
      command
        .argument('<dir>', 'the folder', existingFolder)
        .option('--complete-through <time>', 'how far the source is complete', instantOption)
        .option(
          '--arrival <rule>',
          'for files without ingested_at: assumed (= event time) or now',
          oneOf('assumed', 'now'),
          'assumed',
        ),
    check: ({ completeThrough, arrival }: ImportOptions, folder) => ({
      folder,
      arrival,
      ...(completeThrough ? { completeThrough: parseInstant(completeThrough) } : {}),
    }),
    load: async () => (await import('../actions/data-actions')).importFolder,
  });
}

function addExport(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'export',
    description: 'Write the raw tables to an empty folder, in the import format.',
    declare: (command) =>
      command
        .argument('<dir>', 'the folder, new or empty', emptyFolder)
        .option('--format <format>', 'parquet or csv', oneOf('parquet', 'csv'), 'parquet'),
    check: ({ format }: { format: 'parquet' | 'csv' }, folder) => ({ folder, format }),
    load: async () => (await import('../actions/data-actions')).exportRaw,
  });
}

interface FeaturesOptions {
  readonly user: string;
  readonly at: string;
  readonly knownAt: string;
  readonly batch?: number;
  readonly explain?: boolean;
}

function addFeatures(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'features',
    description: "Recompute one user's vector at any moment, as known at any moment.",
    declare: (command) =>
      command
        .requiredOption('--user <id>', 'user id', userOption)
        .requiredOption('--at <time>', 'the moment T', instantOption)
        .option('--known-at <when>', 'latest, as-served or a moment K', knownAtOption, 'latest')
        .option('--batch <n>', 'the last load that counts, S (default: the latest)', batchOption)
        .option('--explain', 'print the SQL too'),
    check: ({ user, at, knownAt, batch, explain }: FeaturesOptions) => ({
      userId: user,
      at,
      knownAt,
      batch,
      explain,
    }),
    load: async () => (await import('../actions/data-actions')).features,
  });
}

interface HistoryOptions {
  readonly out: string;
  readonly knownAt: string;
  readonly batch?: number;
}

function addHistory(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'history',
    description: 'The features of any users at any moments, a row out per row in.',
    declare: (command) =>
      command
        .argument('<spine>', 'a CSV file with the columns user_id and time', existingFile)
        .requiredOption('--out <file>', 'the Parquet file to write', fileToWrite)
        .option('--known-at <when>', 'latest, as-served or a moment K', knownAtOption, 'latest')
        .option('--batch <n>', 'the last load that counts, S (default: the latest)', batchOption),
    check: ({ out, knownAt, batch }: HistoryOptions, spine) => {
      if (path.resolve(out) === path.resolve(spine)) {
        throw usageError('--out would replace the spine', 'history');
      }
      return { spine, out, knownAt, batch };
    },
    load: async () => (await import('../actions/data-actions')).history,
  });
}
