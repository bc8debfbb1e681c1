import type { ScheduleStatus } from '../../temporal-config';

/** A schedule for people: whether it runs and why not, when next, and which runs were lost. */
export function describeSchedule(schedule: ScheduleStatus): string {
  const { id, status, note, nextRuns, lastWorkflowId, missedCatchup, skippedOverlap } = schedule;
  if (status === 'missing') return `${id}: missing; \`churn schedule apply\` creates it`;
  const next = nextRuns.map(minuteOf).join(', ') || 'none';
  const lines = [
    `${status === 'paused' ? 'would run' : 'next runs'}  ${next}`,
    `last run   ${lastWorkflowId ?? 'none yet'}`,
    `skipped    ${skippedOverlap} while another one was running, ${missedCatchup} after an outage longer than the catch-up window`,
    ...(schedule.isAsDeclared
      ? []
      : [
          `differs   from what the code defines in: ${schedule.differences.join(', ')}; \`churn schedule apply\` updates it`,
        ]),
  ];
  const head = `${id}: ${status}${note ? ` (${note})` : ''}`;
  return [head, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** `2026-03-02 01:00 UTC` */
function minuteOf(instant: string): string {
  return `${instant.slice(0, 16).replace('T', ' ')} UTC`;
}
