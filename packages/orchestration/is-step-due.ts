import type { PipelineStep } from '../contracts';
import { weekdayOf, type LogicalDate } from '../instants';

/** Whether a step runs on a logical date: its weekdays are those of the date, never of the clock. */
export function isStepDue(step: PipelineStep, date: LogicalDate): boolean {
  return !step.weekdays || step.weekdays.includes(weekdayOf(date));
}
