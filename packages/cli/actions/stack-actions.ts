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
  const status = await startStack({ config, onEvent: showOn(progress), isSupervised: true });
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
  return ({ service, kind }) => {
    if (kind === 'unhealthy') {
      progress.note?.(`The service ${service} runs but does not answer, so it is restarted.`);
    }
    progress.report({ what: `${service}: ${kind}`, done: 0, total: 0 });
  };
}

function resultOf(status: StackStatus): CommandResult {
  return { document: status, text: describeStack(status) };
}

/** The services as a table, and what became of those that crashed. */
function describeStack({ services, supervisor }: StackStatus): string {
  const rows = services.map(({ name, status, url, pid }) => [name, status, url, pid]);
  const restarts = services.flatMap(({ name, restarts: done }) =>
    done ? [describeRestarts(name, done)] : [],
  );
  const isAnyOurs = services.some(({ pid }) => pid !== null);
  const supervised =
    supervisor.status === 'running'
      ? `A service that crashes is started again (process ${supervisor.pid}).`
      : 'A service that crashes stays down, because the supervisor is not running. `churn up` starts both.';
  return [
    renderTable(['service', 'status', 'url', 'pid'], rows),
    ...services.flatMap(({ name, problem }) => (problem ? [`${name}: ${problem}`] : [])),
    ...restarts,
    ...(isAnyOurs ? [supervised] : []),
  ].join('\n');
}

function describeRestarts(
  name: string,
  done: NonNullable<StackStatus['services'][number]['restarts']>,
): string {
  const times = done.count === 1 ? 'once' : `${done.count} times`;
  const restarted = `${name} has crashed and was started again ${times}`;
  if (done.problem === null) return `${restarted}, last at ${done.last_at}.`;
  const failed = `it did not start at ${done.last_at}, and is tried again at ${done.next_at}: ${done.problem}`;
  return done.count === 0 ? `${name} has crashed; ${failed}` : `${restarted}; then ${failed}`;
}
