import type { Progress } from '../../contracts';
import {
  startStack,
  stackStatus,
  stopStack,
  type StackEvent,
  type StackStatus,
} from '../../local-services';
import type { CommandContext, CommandResult } from '../command-context';
import { renderTable } from '../terminal';

export async function upAction(_input: object, context: CommandContext): Promise<CommandResult> {
  const { config, progress, application } = context;
  const status = await startStack({ config, onEvent: showOn(progress) });
  const { applyApplicationSchedules } = await import('../apply-platform-schedules');
  const opened = await application();
  await applyApplicationSchedules(opened);
  await opened.services.publishModels();
  return resultOf(status);
}

export async function downAction(_input: object, context: CommandContext): Promise<CommandResult> {
  const { config, progress } = context;
  const stopped = await stopStack({ config, onEvent: showOn(progress) });
  return { ...resultOf(stopped), warnings: stopped.warnings };
}

export async function statusAction(
  _input: object,
  { config }: CommandContext,
): Promise<CommandResult> {
  return resultOf(await stackStatus({ config }));
}

function showOn(progress: Progress): (event: StackEvent) => void {
  return ({ service, kind }) => progress.report({ what: `${service}: ${kind}`, done: 0, total: 0 });
}

function resultOf(status: StackStatus): CommandResult {
  const rows = status.services.map(({ name, status, url, pid }) => [name, status, url, pid]);
  const problems = status.services.flatMap(({ name, problem }) =>
    problem === undefined ? [] : [`${name}: ${problem}`],
  );
  const table = renderTable(['service', 'status', 'url', 'pid'], rows);
  return { document: status, text: [table, ...problems].join('\n') };
}
