import type { Command } from 'commander';
import { describeSchedules, pauseSchedules, resumeSchedules } from '../../../temporal-config';
import { applyPlatformSchedules } from '../apply-platform-schedules';
import { withContext, type Invocation } from '../command-context';
import { dateOption, oneOf } from '../option-parsers';
import { renderTable } from '../terminal';

const auditNames = ['raw', 'offline', 'online', 'models'] as const;

export function addMonitoringCommands(program: Command, invocation: Invocation): void {
  addDrift(program, invocation);
  addAudit(program, invocation);
  addReplay(program, invocation);
  addSchedule(program, invocation);
}

function addDrift(program: Command, invocation: Invocation): void {
  program
    .command('drift')
    .description('Compare a day with what the champion was trained on.')
    .requiredOption('--date <date>', 'the partition', dateOption)
    .option('--json', 'print one JSON document')
    .action((options: { date: string; json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print }) => {
        const report = await (await platform()).jobs.drift(options.date);
        const { metrics, status, alerts, model_version } = report;
        const rows = metrics.map((row) => [
          row.subject,
          row.metric,
          row.value,
          row.threshold,
          row.status,
        ]);
        const head = `${options.date}: ${status}, ${alerts.length} alerts, reference ${model_version ?? 'none yet'}`;
        print(
          report,
          `${head}\n${renderTable(['subject', 'metric', 'value', 'threshold', 'status'], rows)}`,
        );
      }),
    );
}

function addAudit(program: Command, invocation: Invocation): void {
  program
    .command('audit')
    .description('Prove that a store holds what it must: raw, offline, online or models.')
    .argument('<store>', auditNames.join(', '), oneOf(...auditNames))
    .option('--json', 'print one JSON document')
    .action((store: (typeof auditNames)[number], options: { json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print, progress }) => {
        const report = await (await platform()).jobs.audit(store, progress);
        const { equal, missing, extra, mismatched, not_comparable } = report;
        const counts = { equal, missing, extra, mismatched, not_comparable };
        const table = renderTable(['finding', 'count'], Object.entries(counts));
        const examples = 'examples' in report ? (report.examples as readonly string[]) : [];
        print(report, [table, ...examples].join('\n'));
        if (missing + extra + mismatched > 0) process.exitCode = 1;
      }),
    );
}

function addReplay(program: Command, invocation: Invocation): void {
  program
    .command('replay')
    .description('Compute a logged prediction again from its id.')
    .argument('<prediction-id>')
    .option('--json', 'print one JSON document')
    .action((predictionId: string, options: { json?: boolean }) =>
      withContext(invocation, options, async ({ platform, print }) => {
        const replay = await (await platform()).jobs.replay(predictionId);
        const word = replay.equal ? 'equal' : 'NOT EQUAL';
        print(
          replay,
          `${predictionId}: logged ${replay.logged}, replayed ${replay.replayed}: ${word}`,
        );
        if (!replay.equal) process.exitCode = 1;
      }),
    );
}

function addSchedule(program: Command, invocation: Invocation): void {
  const schedule = program.command('schedule').description("The daily run's Temporal Schedule.");
  const add = (
    name: string,
    description: string,
    work: (platform: Parameters<typeof applyPlatformSchedules>[0]) => Promise<unknown>,
  ) =>
    schedule
      .command(name)
      .description(description)
      .option('--json', 'print one JSON document')
      .action((options: { json?: boolean }) =>
        withContext(invocation, options, async ({ platform, print }) => {
          const opened = await platform();
          await work(opened);
          const schedules = await describeSchedules(await opened.temporal.client());
          print({ schedules }, JSON.stringify(schedules, null, 2));
        }),
      );
  add('apply', 'Create or update the schedules from code.', applyPlatformSchedules);
  add('show', 'Show the schedules.', async () => {});
  add('pause', 'Pause the daily runs; the watchdog goes on.', async ({ temporal }) =>
    pauseSchedules(await temporal.client(), 'paused by hand'),
  );
  add('resume', 'Resume the daily runs.', async ({ temporal }) =>
    resumeSchedules(await temporal.client(), 'resumed by hand'),
  );
}
