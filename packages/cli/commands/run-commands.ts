import type { Command } from 'commander';
import { reprocessWords, type BackfillRequest, type Reprocess } from '../../contracts';
import { withContext, type Invocation } from '../command-context';
import { dateOption, knownAtOption, oneOf, requireOrder } from '../option-parsers';
import { renderTable } from '../terminal';

interface BackfillOptions {
  readonly from: string;
  readonly to: string;
  readonly reprocess: Reprocess;
  readonly knownAt: string;
  readonly train?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addRunCommands(program: Command, invocation: Invocation): void {
  addRunDay(program, invocation);
  addBackfill(program, invocation);
  addRestate(program, invocation);
  addPartitions(program, invocation);
}

function addRunDay(program: Command, invocation: Invocation): void {
  program
    .command('run-day')
    .description('Run the daily pipeline of one date, through Temporal.')
    .argument('<date>', 'the logical date', dateOption)
    .option('--json', 'print one JSON document')
    .action((date: string, options: { json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print, progress }) => {
        const report = await (await platform()).jobs.runDay(date, progress);
        const steps = report.steps.map(({ step, status, skipped, seconds }) => [
          step,
          skipped ? `${status} (${skipped})` : status,
          seconds.toFixed(1),
        ]);
        print(
          report,
          `${renderTable(['step', 'status', 'seconds'], steps)}\nVerdict: ${report.verdict}`,
        );
        if (report.steps.some((step) => step.status === 'failed')) process.exitCode = 1;
      }),
    );
}

function addBackfill(program: Command, invocation: Invocation): void {
  program
    .command('backfill')
    .description('Compute the partitions of a range of dates, through Temporal.')
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
    .option('--dry-run', 'only say what would run')
    .option('--json', 'print one JSON document')
    .action((options: BackfillOptions) =>
      withContext(invocation, options, async ({ platform, print, progress }) => {
        const { jobs } = await platform();
        const request = requestOf(options);
        const result = options.dryRun
          ? await jobs.planBackfill(request)
          : await jobs.backfill(request, progress);
        const { id, status, known_at, planned, succeeded, skipped, failed } = result;
        const failures = failed.length > 0 ? `\nFailed: ${failed.join(', ')}` : '';
        print(
          result,
          `Backfill ${id}: ${status}, as known at ${known_at}\n` +
            `${planned} planned, ${succeeded} succeeded, ${skipped} skipped, ${failed.length} failed${failures}`,
        );
        if (status !== 'succeeded' && status !== 'dry-run') process.exitCode = 1;
      }),
    );
}

function requestOf({ from, to, reprocess, knownAt, train }: BackfillOptions): BackfillRequest {
  return { from, to, reprocess, knownAt, train: train === true };
}

function addRestate(program: Command, invocation: Invocation): void {
  program
    .command('restate')
    .description('Publish again what late data and matured labels touch.')
    .option('--dry-run', 'only say what would be restated')
    .option('--json', 'print one JSON document')
    .action((options: { dryRun?: boolean; json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print, progress }) => {
        const report = await (
          await platform()
        ).jobs.restate({ dryRun: options.dryRun === true }, progress);
        const rows = report.restated.map(({ date, revision, reason }) => [date, revision, reason]);
        const text =
          rows.length === 0
            ? 'Nothing to restate.'
            : renderTable(['date', 'revision', 'reason'], rows);
        print(report, text);
      }),
    );
}

function addPartitions(program: Command, invocation: Invocation): void {
  program
    .command('partitions')
    .description('Show the partitions and what they know.')
    .option('--from <date>', 'first date', dateOption)
    .option('--to <date>', 'last date, inclusive', dateOption)
    .option('--json', 'print one JSON document')
    .action((options: { from?: string; to?: string; json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print }) => {
        requireOrder(options);
        const partitions = await (await platform()).jobs.listPartitions(options);
        const rows = partitions.map((row) => [
          row.date,
          row.status,
          row.revision,
          row.knowledge,
          row.known_at,
          row.rows,
          row.attempt,
          row.reason,
        ]);
        const header = [
          'date',
          'status',
          'revision',
          'knowledge',
          'known at',
          'rows',
          'attempt',
          'reason',
        ];
        print({ partitions }, rows.length === 0 ? 'No partitions yet.' : renderTable(header, rows));
      }),
    );
}
