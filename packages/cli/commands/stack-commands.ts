import type { Command } from 'commander';
import { startStack, stackStatus, stopStack, type StackStatus } from '../../stack';
import { applyPlatformSchedules } from '../apply-platform-schedules';
import { withContext, type Invocation } from '../command-context';
import { renderTable } from '../terminal';

export function addStackCommands(program: Command, invocation: Invocation): void {
  program
    .command('up')
    .description('Start what is not running: Postgres, Redis, Temporal, worker and API.')
    .option('--json', 'print one JSON document')
    .action((options: { json?: boolean }) =>
      withContext(invocation, options, async ({ config, progress, print, platform }) => {
        const status = await startStack({
          config,
          onEvent: ({ service, kind }) =>
            progress.report({ what: `${service}: ${kind}`, done: 0, total: 0 }),
        });
        await applyPlatformSchedules(await platform());
        print(status, renderStatus(status));
      }),
    );
  program
    .command('down')
    .description('Stop what `up` started.')
    .option('--json', 'print one JSON document')
    .action((options: { json?: boolean }) =>
      withContext(invocation, options, async ({ config, progress, print }) => {
        const status = await stopStack({
          config,
          onEvent: ({ service, kind }) =>
            progress.report({ what: `${service}: ${kind}`, done: 0, total: 0 }),
        });
        print(status, renderStatus(status));
      }),
    );
  program
    .command('status')
    .description('Show the services of this installation.')
    .option('--json', 'print one JSON document')
    .action((options: { json?: boolean }) =>
      withContext(invocation, options, async ({ config, print }) => {
        const status = await stackStatus({ config });
        print(status, renderStatus(status));
      }),
    );
}

export function renderStatus({ services }: StackStatus): string {
  return renderTable(
    ['service', 'status', 'url', 'pid'],
    services.map(({ name, status, url, pid }) => [name, status, url, pid]),
  );
}
