import type { Command } from 'commander';
import { parseInstant } from '../../instants';
import { withContext, type CommandContext, type Invocation } from '../command-context';
import {
  dateOption,
  instantOption,
  knownAtOption,
  oneOf,
  requireOrder,
  userOption,
  wholeNumber,
} from '../option-parsers';
import { renderTable } from '../terminal';

const batchOption = wholeNumber({ min: 1, max: 2 ** 31 - 1 });

interface LoadDocument {
  readonly batch: number | null;
  readonly loaded: Readonly<Record<string, number>>;
  readonly unchanged: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, unknown>>;
}

export function addDataCommands(program: Command, invocation: Invocation): void {
  addGenerate(program, invocation);
  addImport(program, invocation);
  addExport(program, invocation);
  addFeatures(program, invocation);
  addHistory(program, invocation);
}

function addGenerate(program: Command, invocation: Invocation): void {
  program
    .command('generate')
    .description('Load the synthetic arrivals of a range of days.')
    .requiredOption('--from <date>', 'first day', dateOption)
    .requiredOption('--to <date>', 'last day, inclusive', dateOption)
    .option(
      '--users <n>',
      'users who sign up in the first year',
      wholeNumber({ min: 1, max: 10_000_000 }),
    )
    .option('--seed <n>', 'which world', wholeNumber({ min: 0, max: 2 ** 31 }))
    .option('--json', 'print one JSON document')
    .action(
      (options: { from: string; to: string; users?: number; seed?: number; json?: boolean }) =>
        withContext(invocation, options, async (context) => {
          requireOrder(options);
          const platform = await context.platform();
          const report = await platform.jobs.generate(options, context.progress);
          printLoad(context, report);
        }),
    );
}

function addImport(program: Command, invocation: Invocation): void {
  program
    .command('import')
    .description(
      'Load a folder of users, user_events, billing_events and plan_changes (.csv or .parquet).',
    )
    .argument('<dir>')
    .option('--complete-through <time>', 'how far the source is complete', instantOption)
    .option(
      '--arrival <rule>',
      'for files without ingested_at: assumed (= event time) or now',
      oneOf('assumed', 'now'),
      'assumed',
    )
    .option('--json', 'print one JSON document')
    .action(
      (
        dir: string,
        options: { completeThrough?: string; arrival: 'assumed' | 'now'; json?: boolean },
      ) =>
        withContext(invocation, options, async (context) => {
          const platform = await context.platform();
          const { completeThrough, arrival } = options;
          const report = await platform.jobs.importFolder(
            {
              folder: dir,
              arrival,
              ...(completeThrough ? { completeThrough: parseInstant(completeThrough) } : {}),
            },
            context.progress,
          );
          printLoad(context, report);
        }),
    );
}

function printLoad({ print }: CommandContext, report: LoadDocument): void {
  const tables = Object.keys(report.loaded);
  const table = renderTable(
    ['table', 'loaded', 'unchanged', 'rejected'],
    tables.map((name) => [
      name,
      report.loaded[name] ?? 0,
      report.unchanged[name] ?? 0,
      describeRejected(report.rejected[name]),
    ]),
  );
  print(report, `${report.batch === null ? 'Nothing new.' : `Batch ${report.batch}.`}\n${table}`);
}

function describeRejected(rejected: unknown): string {
  if (typeof rejected === 'number') return String(rejected);
  const reasons = Object.entries((rejected ?? {}) as Record<string, number>);
  return reasons.length === 0
    ? '0'
    : reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
}

function addExport(program: Command, invocation: Invocation): void {
  program
    .command('export')
    .description('Write the raw tables to an empty folder, in the import format.')
    .argument('<dir>')
    .option('--format <format>', 'parquet or csv', oneOf('parquet', 'csv'), 'parquet')
    .option('--json', 'print one JSON document')
    .action((dir: string, options: { format: 'parquet' | 'csv'; json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print }) => {
        const report = await (
          await platform()
        ).jobs.exportRaw({ folder: dir, format: options.format });
        print(report, `Wrote the raw tables to ${dir}.`);
      }),
    );
}

function addFeatures(program: Command, invocation: Invocation): void {
  program
    .command('features')
    .description("Recompute one user's vector at any moment, as known at any moment.")
    .requiredOption('--user <id>', 'user id', userOption)
    .requiredOption('--at <time>', 'the moment T', instantOption)
    .option('--known-at <when>', 'latest, as-served or a moment K', knownAtOption, 'latest')
    .option('--batch <n>', 'the last load that counts, S (default: the latest)', batchOption)
    .option('--explain', 'print the SQL too')
    .option('--json', 'print one JSON document')
    .action(
      (options: {
        user: string;
        at: string;
        knownAt: string;
        batch?: number;
        explain?: boolean;
        json?: boolean;
      }) =>
        withContext(invocation, options, async ({ platform, print }) => {
          const { user, at, knownAt, batch, explain } = options;
          const { jobs } = await platform();
          const query = { userId: user, at, knownAt, batch, explain };
          const document = await jobs.userFeatures(query);
          const rows = [...Object.entries(document.features), ['label', document.label] as const];
          const table = renderTable(
            ['feature', 'value'],
            rows.map(([name, value]) => [name, String(value)]),
          );
          const sql = document.sql ? `\n\n${document.sql};` : '';
          print(
            document,
            `${user} at ${document.feature_time}, as known at ${document.known_at} (batch ${document.batch})\n${table}${sql}`,
          );
        }),
    );
}

interface HistoryOptions {
  out: string;
  knownAt: string;
  batch?: number;
  json?: boolean;
}

function addHistory(program: Command, invocation: Invocation): void {
  program
    .command('history')
    .description('The features of any users at any moments, a row out per row in.')
    .argument('<spine>', 'a CSV file with the columns user_id and time')
    .requiredOption('--out <file>', 'the Parquet file to write')
    .option('--known-at <when>', 'latest, as-served or a moment K', knownAtOption, 'latest')
    .option('--batch <n>', 'the last load that counts, S (default: the latest)', batchOption)
    .option('--json', 'print one JSON document')
    .action((spine: string, options: HistoryOptions) =>
      withContext(invocation, options, async (context) => {
        const { out, knownAt, batch } = options;
        const { jobs } = await context.platform();
        const query = { spine, out, knownAt, batch };
        const document = await jobs.writeHistory(query, context.progress);
        const reasons = Object.entries(document.null_by_reason);
        const nulls = reasons.map(([reason, count]) => `  ${count} without: ${reason}`);
        context.print(
          document,
          [
            `${document.found} of ${document.rows} rows have features, as known at ${document.known_at} (batch ${document.batch}): ${document.out}`,
            ...nulls,
          ].join('\n'),
        );
      }),
    );
}
