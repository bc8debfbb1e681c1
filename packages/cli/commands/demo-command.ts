import type { Command } from 'commander';
import { withContext, type Invocation } from '../command-context';
import { describeModel } from '../describe-model';
import { dateOption, wholeNumber } from '../option-parsers';
import { dayBefore, runDemo, type DemoOptions, type DemoReport } from '../run-demo';
import { renderTable } from '../terminal';

interface DemoFlags {
  readonly users?: number;
  readonly months: number;
  readonly seed?: number;
  readonly end?: string;
  readonly json?: boolean;
}

export function addDemoCommand(program: Command, invocation: Invocation): void {
  program
    .command('demo')
    .description('The whole platform on synthetic users, end to end.')
    .option(
      '--users <n>',
      'users who sign up in the first year (default 2000)',
      wholeNumber({ min: 20, max: 1_000_000 }),
    )
    .option('--months <n>', 'how much history', wholeNumber({ min: 2, max: 60 }), 12)
    .option('--seed <n>', 'which world (default 42)', wholeNumber({ min: 0, max: 2 ** 31 }))
    .option('--end <date>', 'the last day (default: yesterday)', dateOption)
    .option('--json', 'print one JSON document')
    .action((flags: DemoFlags) =>
      withContext(invocation, flags, async ({ config, platform, progress, print }) => {
        const options: DemoOptions = {
          months: flags.months,
          end: flags.end ?? dayBefore(BigInt(Date.now()) * 1000n),
          ...(flags.users === undefined ? {} : { users: flags.users }),
          ...(flags.seed === undefined ? {} : { seed: flags.seed }),
        };
        const { clock } = invocation.terminal;
        const report = await runDemo(options, { config, platform, progress, clock });
        print(report, describeDemo(report));
      }),
    );
}

function describeDemo(report: DemoReport): string {
  const { range, backfill, sync, drift, prediction, urls } = report;
  const risk = report.at_risk.map(({ user_id, churn_probability, reasons }) => [
    user_id,
    `${(churn_probability * 100).toFixed(1)} %`,
    reasons.join('; '),
  ]);
  const loaded = Object.entries(report.load.loaded).map(([table, rows]) => `${rows} ${table}`);
  return [
    `\n== What it did (${range.from} to ${range.to})`,
    `loaded: ${report.load.batch === null ? 'nothing new' : loaded.join(', ')}`,
    `partitions: ${report.partitions} (${backfill.succeeded} computed now, ${backfill.skipped} were there, ${report.restated} restated), ${report.vectors} vectors`,
    `online: ${sync?.users ?? 0} users, ${sync?.written ?? 0} written, ${sync?.unchanged ?? 0} unchanged, ${sync?.removed ?? 0} removed`,
    `drift before training: ${report.drift_before_training}; after: ${drift.status}, ${drift.alerts.length} alerts`,
    `\n== Seconds per step\n${renderTable(['step', 'seconds'], Object.entries(report.seconds))}`,
    `\n== Model${report.model_is_new ? '' : ' (there already)'}\n${describeModel(report.model)}`,
    `\n== Most at risk\n${renderTable(['user', 'risk', 'reasons'], risk)}`,
    `\n== POST /predict\n${JSON.stringify(prediction, null, 2)}`,
    `\n== Where to look\nAPI          ${urls.api}\nAPI docs     ${urls.docs}\nTemporal UI  ${urls.temporal}\nfiles        ${report.data_dir}`,
    'stop it      make down',
  ].join('\n');
}
