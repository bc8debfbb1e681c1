import { dailyPipeline, type DailyRunProgress, type StepName } from '../../packages/contracts';
import { describeRetry } from '../watch-retries';

/** A run as the Markdown that the Temporal UI shows beside it. */
export function describeDailyRun(progress: DailyRunProgress): string {
  const rows = dailyPipeline.map(({ name }) => `| ${name} | ${stateOf(name, progress)} |`);
  const breaches = progress.slaBreaches.length
    ? [`\n**SLA breached:** ${progress.slaBreaches.join(', ')}`]
    : [];
  const retries = progress.retrying.map((retry) => `\n**Trouble:** ${describeRetry(retry)}`);
  return [`Daily run of **${progress.date}**`, '', '| step | state |', '|---|---|', ...rows]
    .concat(breaches, retries)
    .join('\n');
}

function stateOf(name: StepName, { running, settled }: DailyRunProgress): string {
  const outcome = settled.find(({ step }) => step === name);
  if (outcome?.skipped) return outcome.skipped === 'not_due' ? 'not due today' : 'blocked';
  if (outcome) return `${outcome.status} in ${outcome.seconds.toFixed(1)} s`;
  return running.includes(name) ? 'running' : 'waiting';
}
