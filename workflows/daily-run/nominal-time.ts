import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { workflowInfo } from '@temporalio/workflow';
import type { DailyRunInput } from '../../packages/contracts';
import { dateOf, type EpochMicros } from '../../packages/instants';
import { checkedDate, refusal } from '../refusals';

const SCHEDULED_START = defineSearchAttributeKey(
  'TemporalScheduledStartTime',
  SearchAttributeType.DATETIME,
);

/**
 * The time a Schedule meant this run to start at, however late it does; undefined when no Schedule
 * started it. Nominal times are whole seconds, so the Date it comes in loses nothing.
 */
export function scheduledStart(): EpochMicros | undefined {
  const start = workflowInfo().typedSearchAttributes.get(SCHEDULED_START);
  return start && BigInt(start.getTime()) * 1000n;
}

/**
 * The logical date of a run: its explicit input, else the Schedule's nominal time; never the clock,
 * by which every run that is late or repeated would be today's.
 *
 * @throws ApplicationFailure INVALID_REQUEST when it has neither, or the input is not a day.
 */
export function logicalDateOf(input: DailyRunInput): string {
  if (input.date !== undefined) return checkedDate(input.date, 'date');
  const start = scheduledStart();
  if (start !== undefined) return dateOf(start);
  throw refusal('INVALID_REQUEST', {
    problem: 'a daily run needs a date, or a Schedule whose nominal time gives it one',
  });
}
