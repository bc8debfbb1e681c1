import path from 'node:path';
import type { Command } from 'commander';
import { parseInstant } from '../../instants';
import { requireDateRange } from '../../orchestration';
import { defineCommand, type CommandRunner } from '../define-command';
import {
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
import { withDateRange } from './date-range-options';

const batchOption = wholeNumber({ min: 1, max: 2 ** 31 - 1 });

export function addDataCommands(program: Command, runner: CommandRunner): void {
  addGenerate(program, runner);
  addImport(program, runner);
  addExport(program, runner);
  addRejected(program, runner);
  addFeatures(program, runner);
  addHistory(program, runner);
}

interface GenerateFlags {
  readonly from: string;
  readonly to: string;
  readonly users?: number;
  readonly seed?: number;
}

function addGenerate(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'generate',
    description: 'Generate synthetic data for a range of days and load it.',
    declare: (command) =>
      withDateRange(command)
        .option(
          '--users <n>',
          'how many users sign up in the first year (default: as loaded before, or 2000)',
          wholeNumber({ min: 1, max: 10_000_000 }),
        )
        .option(
          '--seed <n>',
          'the seed of the synthetic data (default: as loaded before, or 42)',
          wholeNumber({ min: 0, max: 2 ** 31 }),
        ),
    check: (options: GenerateFlags) => {
      requireDateRange(options);
      return options;
    },
    load: async () => (await import('../actions/data-actions')).generateAction,
  });
}

interface ImportFlags {
  readonly completeThrough?: string;
  readonly arrival: 'assumed' | 'now';
  readonly acceptRejected?: boolean;
  readonly dryRun?: boolean;
}

function addImport(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'import',
    description:
      'Load a folder of users, user_events, billing_events, plan_changes and user_attributes (CSV, JSON lines or Parquet).',
    declare: (command) =>
      command
        .argument('<dir>', 'the folder', existingFolder)
        .option(
          '--complete-through <time>',
          'the source has every event up to this time (default: its latest user event, unless that is far after the rest)',
          instantOption,
        )
        .option(
          '--arrival <rule>',
          'when rows arrived if their file has no ingested_at: assumed (at their event time) or now',
          oneOf('assumed', 'now'),
          'assumed',
        )
        .option('--accept-rejected', 'load the valid rows, however many others are rejected')
        .option('--dry-run', 'only say what would be done; nothing is changed'),
    check: ({ completeThrough, arrival, acceptRejected, dryRun }: ImportFlags, folder) => ({
      dryRun: dryRun === true,
      folder,
      arrival,
      ...(acceptRejected ? { acceptRejected } : {}),
      ...(completeThrough ? { completeThrough: parseInstant(completeThrough) } : {}),
    }),
    load: async () => (await import('../actions/data-actions')).importFolderAction,
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
    load: async () => (await import('../actions/data-actions')).exportRawAction,
  });
}

interface RejectedFlags {
  readonly batch?: number;
  readonly reason?: string;
  readonly table?: string;
  readonly limit?: number;
  readonly csv?: boolean;
  readonly json?: boolean;
}

/** Groups of a list, and rows of a CSV, which may be loaded again. */
const REJECTED_LIMITS = { list: 50, csv: 100_000 } as const;

function addRejected(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'rejected',
    description: 'List rejected rows, or write them as CSV so that they can be corrected.',
    declare: (command) =>
      command
        .option('--batch <n>', 'only rows of this load', batchOption)
        .option('--reason <reason>', 'only rows with this reason')
        .option('--table <table>', 'only rows of this table')
        .option(
          '--csv',
          'write the rows of one table that are still rejected, in the import format',
        )
        .option(
          '--limit <n>',
          `at most this many lines (default: ${REJECTED_LIMITS.list}, with --csv ${REJECTED_LIMITS.csv})`,
          wholeNumber({ min: 1, max: 1_000_000 }),
        ),
    check: ({ csv, json, limit, ...filter }: RejectedFlags) => {
      if (!csv) return { ...filter, limit: limit ?? REJECTED_LIMITS.list, csv: false };
      if (!filter.table) throw usageError('--csv needs --table', 'rejected');
      if (json) throw usageError("--csv and --json can't be used together", 'rejected');
      return { ...filter, limit: limit ?? REJECTED_LIMITS.csv, csv };
    },
    load: async () => (await import('../actions/rejected-actions')).rejectedAction,
  });
}

interface FeaturesFlags {
  readonly user: string;
  readonly at: string;
  readonly knownAt: string;
  readonly batch?: number;
  readonly explain?: boolean;
}

function addFeatures(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'features',
    description: "Compute one user's features at a moment T, as they were known at a moment K.",
    declare: (command) =>
      command
        .requiredOption('--user <id>', 'user id', userOption)
        .requiredOption('--at <time>', 'the moment T that the features describe', instantOption)
        .option(
          '--known-at <when>',
          'which data to use: latest (all), as-served (what the daily run had), or a time K (what had arrived by then)',
          knownAtOption,
          'latest',
        )
        .option(
          '--batch <n>',
          'use loads up to this number, S (default: the latest); not with --known-at as-served',
          batchOption,
        )
        .option('--explain', 'also print the SQL'),
    check: ({ user, at, knownAt, batch, explain }: FeaturesFlags) => {
      requireOwnBatch({ knownAt, batch }, 'features');
      return { userId: user, at, knownAt, batch, explain };
    },
    load: async () => (await import('../actions/data-actions')).featuresAction,
  });
}

/** A daily run that served a date has decided which loads it used. */
function requireOwnBatch(
  { knownAt, batch }: { knownAt: string; batch?: number },
  command: string,
): void {
  if (knownAt !== 'as-served' || batch === undefined) return;
  throw usageError('--batch can not be given with --known-at as-served', command);
}

interface HistoryFlags {
  readonly out: string;
  readonly knownAt: string;
  readonly batch?: number;
}

function addHistory(program: Command, runner: CommandRunner): void {
  defineCommand(program, runner, {
    name: 'history',
    isCancellable: true,
    description:
      'Compute features for the users and moments listed in a CSV file; one output row per input row.',
    declare: (command) =>
      command
        .argument('<spine>', 'a CSV file with the columns user_id and time', existingFile)
        .requiredOption('--out <file>', 'the Parquet file to write', fileToWrite)
        .option(
          '--known-at <when>',
          'which data to use: latest (all), as-served (what the daily run had), or a time K (what had arrived by then)',
          knownAtOption,
          'latest',
        )
        .option(
          '--batch <n>',
          'use loads up to this number, S (default: the latest); not with --known-at as-served',
          batchOption,
        ),
    check: ({ out, knownAt, batch }: HistoryFlags, spine) => {
      if (path.resolve(out) === path.resolve(spine)) {
        throw usageError('--out would overwrite the spine file', 'history');
      }
      requireOwnBatch({ knownAt, batch }, 'history');
      return { spine, out, knownAt, batch };
    },
    load: async () => (await import('../actions/data-actions')).historyAction,
  });
}
