import { nominalTime, type PipelineStep, type StepName } from '../contracts';
import { dayNumber, type LogicalDate } from '../instants';

export interface SlaDeadline {
  readonly step: StepName;
  readonly level: 'warn' | 'breach';
  /** Epoch milliseconds; nominal times and budgets are whole minutes. */
  readonly atMillis: number;
  /** The budget: minutes after the nominal time. */
  readonly minutes: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Epoch milliseconds of the nominal time of a date's daily run: D 01:00Z. */
export function nominalMillis(date: LogicalDate): number {
  return dayNumber(date) * DAY + (nominalTime.hour * 60 + nominalTime.minute) * MINUTE;
}

/** Every deadline of the given steps, earliest first; they count from the nominal time, not the start. */
export function slaDeadlines(steps: readonly PipelineStep[], date: LogicalDate): SlaDeadline[] {
  const nominal = nominalMillis(date);
  return steps
    .flatMap(({ name, slaMinutes }) =>
      (['warn', 'breach'] as const).map((level) => ({
        step: name,
        level,
        minutes: slaMinutes[level],
        atMillis: nominal + slaMinutes[level] * MINUTE,
      })),
    )
    .sort((left, right) => left.atMillis - right.atMillis);
}

/**
 * Whether a run is held to its SLA. A run by hand is not. A scheduled one that starts after the
 * next day's nominal time is catching up or being backfilled: the watchdog has reported that day,
 * and alerts about a past year would be a storm.
 */
export function slaApplies({
  kind,
  date,
  startedAtMillis,
}: {
  kind: 'scheduled' | 'manual';
  date: LogicalDate;
  startedAtMillis: number;
}): boolean {
  return kind === 'scheduled' && startedAtMillis < nominalMillis(date) + DAY;
}
